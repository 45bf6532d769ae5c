"""Any architecture of segmentation-models-pytorch over any of its encoders or timm's."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import segmentation_models_pytorch as smp
import timm
import torch

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD, Execution, SegmentationNet
from trashseg.models.hub import SCRATCH_HINT, hub_file
from trashseg.models.weights import (
    State,
    check_filled,
    load_fitting,
    read_state,
    timm_state,
    trained_network,
    watch_loading,
    weight_file,
)
from trashseg.types import ConfigError, WeightsError, did_you_mean

log = logging.getLogger(__name__)

ARCHITECTURES: dict[str, type[torch.nn.Module]] = {
    name: getattr(smp, name)
    for name in (
        "Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "PAN", "UPerNet",
        "Segformer", "DPT",
    )
}  # fmt: skip


class SMPNet(SegmentationNet):
    """``smp.<arch>(encoder_name, classes=num_classes, **options)`` behind the contract.

    Args:
        arch: one of :data:`ARCHITECTURES`.
        encoder_name: a native SMP encoder, or ``tu-`` and a timm model with its tag.
        num_classes: K, background included.
        pretrained: start the encoder from its published weights; never silently from none.
        weights: a file or folder with the encoder's weights, or a checkpoint of ``trashseg train``, whose whole
            network is taken (the class head only where its size fits), instead of the published ones.
        options: passed on to the architecture and, for ``tu-`` encoders, to timm.
        mean: per channel in [0, 1]; None: the encoder's own.
        std: per channel in [0, 1]; None: the encoder's own.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: an unknown architecture, encoder or option, or a pair that does not go together.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        arch: str,
        encoder_name: str,
        num_classes: int,
        *,
        pretrained: bool = True,
        weights: str | None = None,
        options: Mapping[str, Any] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        **execution: Unpack[Execution],
    ) -> None:
        _check_names(arch, encoder_name)
        own_mean, own_std = _statistics(encoder_name)
        super().__init__(mean or own_mean, std or own_std, multiple=32, **execution)
        load = pretrained or weights is not None
        state, what = _starting_state(encoder_name, weights) if load else ({}, "")
        own = trained_network(state)
        self.net = _build(arch, encoder_name, num_classes, dict(options or {}), None if own else state, what)
        if own is not None:
            load_fitting(self.net, own, what, optional="segmentation_head.")
        self.to(memory_format=self.memory_format)

    backbone_prefixes = ("net.encoder.",)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        result: torch.Tensor = self.net(x)
        return result


def _starting_state(encoder_name: str, weights: str | None) -> tuple[State, str]:
    """Return the starting weights of an encoder and where they come from."""
    if weights is not None:
        path = weight_file(weights)
    elif encoder_name.startswith("tu-"):
        return timm_state(encoder_name.removeprefix("tu-"))
    else:
        settings = smp.encoders.encoders[encoder_name]["pretrained_settings"]
        chosen = settings.get("imagenet") or next(iter(settings.values()))
        path = hub_file(chosen["repo_id"], encoder_name, revision=chosen["revision"])
    log.info("starting weights of %s: %s", encoder_name, path)
    return read_state(path), str(path)


def _build(
    arch: str, encoder_name: str, num_classes: int, options: dict[str, Any], state: State | None, what: str
) -> torch.nn.Module:
    """Build the network, its encoder filled from ``state`` where there is one; the rest is random."""
    by_timm = bool(state) and encoder_name.startswith("tu-")
    if by_timm:
        options["pretrained_cfg_overlay"] = {"state_dict": state}
    try:
        with watch_loading() as without_entry:
            # For timm encoders anything but None means weights; native ones are filled below.
            built = ARCHITECTURES[arch](
                encoder_name=encoder_name, encoder_weights=True if by_timm else None, classes=num_classes, **options
            )
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        if "loading state_dict" in lines[0]:
            first = "; ".join(line.strip().rstrip(".") for line in lines[1:5])
            raise WeightsError(f"{what} does not fit: {first}; {SCRATCH_HINT}.") from error
        raise ConfigError(
            f"model.arch={arch} with model.encoder_name={encoder_name} cannot be built: {lines[0]}"
        ) from error
    encoder = built.get_submodule("encoder")
    if by_timm:
        check_filled(encoder, without_entry, what)
        _forget_state(encoder)
    elif state:
        load_fitting(encoder, state, what)
    return built


def _forget_state(encoder: torch.nn.Module) -> None:
    """Drop the copies of the weights that timm keeps among an encoder's settings."""
    for part in encoder.modules():
        settings = getattr(part, "pretrained_cfg", None)
        if isinstance(settings, dict):
            settings.pop("state_dict", None)


def _check_names(arch: str, encoder_name: str) -> None:
    """Refuse names that neither library knows, naming the nearest ones."""
    if arch not in ARCHITECTURES:
        raise ConfigError(f"model.arch={arch} does not exist. {did_you_mean(arch, ARCHITECTURES)}")
    if encoder_name.startswith("tu-"):
        name = encoder_name.removeprefix("tu-").split(".")[0]
        if not timm.is_model(name):
            help_ = did_you_mean(name, timm.list_models())
            raise ConfigError(f"model.encoder_name={encoder_name}: timm has no model {name!r}. {help_}")
    elif encoder_name not in smp.encoders.encoders and not encoder_name.startswith("timm-"):
        help_ = did_you_mean(encoder_name, smp.encoders.get_encoder_names())
        raise ConfigError(f"model.encoder_name={encoder_name} does not exist. {help_} Any timm model works as tu-NAME.")


def _statistics(encoder_name: str) -> tuple[Sequence[float], Sequence[float]]:
    """Return the mean and standard deviation that the encoder's published weights expect."""
    if not encoder_name.startswith("tu-"):
        return IMAGENET_MEAN, IMAGENET_STD
    config = timm.get_pretrained_cfg(encoder_name.removeprefix("tu-"))
    return (config.mean, config.std) if config is not None else (IMAGENET_MEAN, IMAGENET_STD)
