"""Which options and image sizes a pair of architecture and encoder needs, found out by trying.

Networks without memory (torch's meta device) are run at a few sizes: that takes tenths of a second, needs no list of
names, and holds for encoders that are yet to come.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import segmentation_models_pytorch as smp
import torch
from torch import nn

ARCHITECTURES: dict[str, type[nn.Module]] = {
    name: getattr(smp, name)
    for name in (
        "Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "PAN", "UPerNet",
        "Segformer", "DPT",
    )
}  # fmt: skip

IMG_SIZE = 512
"""The side for which encoders are laid out whose windows or positions depend on one; options.img_size sets another."""

# Tried in this order, the first that takes any size wins: as it is; a transformer that pads its windows, laid out for
# this size rather than the smaller one of its weights; a ViT that resizes its positions; one size only.
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {},
    {"img_size": IMG_SIZE, "strict_img_size": False},
    {"dynamic_img_size": True},
    {"img_size": IMG_SIZE},
)
WINDOWS = (96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)
"""Sides that whole windows of a network may make up: a stride of 32 times windows of 3 to 16."""

REFUSALS = (TypeError, ValueError, AssertionError, RuntimeError, AttributeError, LookupError)
"""What the libraries raise at options and sizes that they cannot serve."""


@dataclass(frozen=True)
class Fit:
    """What a pair needs.

    Attributes:
        options: of the architecture and the encoder, the user's included.
        multiple: height and width are multiples of this.
        smallest: and at least this, in pixels.
        fixed: the one size (height, width) that the network takes; None: any.
    """

    options: dict[str, Any]
    multiple: int = 1
    smallest: int = 1
    fixed: tuple[int, int] | None = None


def find_fit(arch: str, encoder_name: str, options: Mapping[str, Any], multiple: int | None = None) -> Fit:
    """Return the options and sizes with which the pair runs.

    Args:
        arch: one of :data:`ARCHITECTURES`.
        encoder_name: an encoder of SMP, or ``tu-`` and a timm model.
        options: the user's, which are kept.
        multiple: the user's, instead of the smallest that suits the network.

    Raises:
        Exception: one of :data:`REFUSALS`, where the pair cannot be built or fails at every size.
    """
    built: list[tuple[dict[str, Any], nn.Module]] = []
    for merged in _attempts(arch, encoder_name, options):
        try:
            twin = _twin(arch, encoder_name, merged)
        except REFUSALS:
            if not built:
                raise
            continue
        built.append((merged, twin))
        for step in _steps(twin) if multiple is None else (multiple,):
            if _refusal(twin, *_two_sides(step)) is None:
                return Fit(merged, step, _smallest(twin, step))
    return _find_rigid(built, multiple)


def _find_rigid(built: list[tuple[dict[str, Any], nn.Module]], multiple: int | None) -> Fit:
    """Return what networks need whose windows fill their maps, or that take one size only."""
    for merged, twin in built if multiple is None else ():
        for step in WINDOWS:
            if _refusal(twin, *_two_sides(step)) is None:
                return Fit(merged, step, _smallest(twin, step))
    for merged, twin in reversed(built):
        size = _own_size(twin, merged)
        if multiple is None and _refusal(twin, *size) is None:
            return Fit(merged, fixed=size)
    merged, twin = built[0]
    refusal = _refusal(twin, *(_own_size(twin, merged) if multiple is None else _two_sides(multiple)))
    raise refusal or ValueError(f"sizes are not multiples of {multiple}")


def _attempts(arch: str, encoder_name: str, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the options to try, without repetition; the user's win."""
    # DPT takes whole ViTs; without a classifier they carry no layers that are never used.
    base = {"num_classes": 0} if arch == "DPT" else {}
    seen: list[dict[str, Any]] = []
    for added in ATTEMPTS if encoder_name.startswith("tu-") else ATTEMPTS[:1]:
        merged = {**base, **added, **options}
        if merged not in seen:
            seen.append(merged)
            yield merged


def _twin(arch: str, encoder_name: str, options: dict[str, Any]) -> nn.Module:
    """Build the network without memory, in eval mode; completes the ``options`` of a DPT over a ViT without tokens."""
    twin = _build_on_meta(arch, encoder_name, options)
    if not getattr(twin.encoder, "has_prefix_tokens", True) and "decoder_readout" not in options:
        options["decoder_readout"] = "ignore"
        twin = _build_on_meta(arch, encoder_name, options)
    return twin.eval()


def _build_on_meta(arch: str, encoder_name: str, options: Mapping[str, Any]) -> nn.Module:
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                return ARCHITECTURES[arch](encoder_name=encoder_name, encoder_weights=None, **options)
        except RuntimeError as error:
            if "meta" not in str(error):
                raise
            # Some encoders read values while they are built.
            return ARCHITECTURES[arch](encoder_name=encoder_name, encoder_weights=None, **options).to("meta")


@torch.no_grad()
def _refusal(twin: nn.Module, height: int, width: int) -> Exception | None:
    """Return why the network does not turn an image of this size into logits of the same size; None where it does."""
    try:
        logits = twin(torch.empty(1, 3, height, width, device="meta"))
    except REFUSALS as error:
        return error
    size = tuple(logits.shape[-2:])
    return None if size == (height, width) else ValueError(f"logits of {size} for an image of {(height, width)}")


def _steps(twin: nn.Module) -> tuple[int, ...]:
    """Return the multiples that a network with a pyramid of maps may need: of its stride, or of twice that."""
    stride = int(twin.encoder.output_stride)  # type: ignore[union-attr, arg-type]
    return tuple(dict.fromkeys((stride, 2 * stride, 32, 64)))


def _two_sides(step: int) -> tuple[int, int]:
    """Return neighbouring multiples: no whole multiple of ``step`` divides both."""
    count = -(-256 // step)
    return count * step, (count + 1) * step


def _smallest(twin: nn.Module, step: int) -> int:
    """Return the side of the smallest square that the network takes."""
    return next((side for side in (step, 2 * step, 4 * step, 8 * step) if _refusal(twin, side, side) is None), 256)


def _own_size(twin: nn.Module, options: Mapping[str, Any]) -> tuple[int, int]:
    """Return the size (height, width) for which the encoder is laid out."""
    size = options.get("img_size")
    if size is None:
        configs = (getattr(part, "pretrained_cfg", None) for part in twin.modules())
        size = next((config["input_size"][-2:] for config in configs if config), IMG_SIZE)
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)
