"""Any timm model as a list of feature maps, finest first."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from trashseg.models.timm_net.beit import AnySizeBeit
from trashseg.models.timm_net.source import create, forward_maps, native_size, set_grad_checkpointing
from trashseg.models.weights import State
from trashseg.types import ConfigError

log = logging.getLogger(__name__)

PLAIN_MAPS = 4
"""How many blocks of a plain transformer give a map, unless told otherwise: what UPerNet and DPT take."""


class TimmBackbone(nn.Module):
    """A timm model without its classifier: images (N, 3, H, W) to maps (N, C_i, H_i, W_i), finest first.

    Args:
        name: a timm model, with the tag of its weights where it has several.
        num_maps: the last so many maps of a pyramid (None: all), or so many blocks of a plain transformer, at even
            distances and the last block among them (None: four).
        min_stride: maps finer than this are left out.
        options: for timm, such as ``{"drop_path_rate": 0.1}`` or ``{"img_size": 512}``.
        state: weights as timm publishes them; None leaves the model random.
        what: names their source in messages.
        grad_checkpointing: keep only some activations for the backward pass: less memory, slower.

    Attributes:
        channels: of the maps.
        strides: of the maps, in pixels of the image.
        multiple: height and width must be multiples of this.

    Raises:
        ConfigError: the options, or the model itself, do not do for images of any size.
        WeightsError: ``state`` does not fit.
    """

    def __init__(
        self,
        name: str,
        *,
        num_maps: int | None = None,
        min_stride: int = 4,
        options: Mapping[str, Any] | None = None,
        state: State | None = None,
        what: str = "",
        grad_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if num_maps is not None and num_maps < 1:
            raise ConfigError(f"model.num_maps={num_maps}: give 1 or more, or null for all.")
        extractor = create(name, options or {}, state, what)
        if grad_checkpointing:
            set_grad_checkpointing(extractor, name)
        strides = _tap(extractor, num_maps)
        self.model = AnySizeBeit(extractor) if AnySizeBeit.is_needed(extractor) else extractor
        self.multiple, sizes = _probe(self.model, name, math.lcm(*strides))
        self.strides = tuple(self.multiple / size[-2] for size in sizes)
        self.kept = [i for i, stride in enumerate(self.strides) if stride >= min(min_stride, self.strides[-1])]
        self.kept = self.kept[-(num_maps or len(self.kept)) :]
        self.strides = tuple(self.strides[i] for i in self.kept)
        self.channels = tuple(sizes[i][1] for i in self.kept)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps of x (N, 3, H, W), H and W multiples of ``multiple``."""
        maps = forward_maps(self.model, x)
        return [maps[i] for i in self.kept]


def _tap(extractor: nn.Module, num_maps: int | None) -> list[int]:
    """Let a plain transformer give maps of evenly spaced blocks; return the strides of the maps."""
    info: Any = extractor.feature_info
    depth = len(info.info)
    plain = hasattr(extractor, "out_indices") and len({level["reduction"] for level in info.info}) == 1
    if plain:
        count = num_maps or PLAIN_MAPS
        if count > depth:
            raise ConfigError(f"model.num_maps={count}: this backbone has {depth} blocks; give a smaller number.")
        extractor.out_indices = [depth * (i + 1) // count - 1 for i in range(count)]  # type: ignore[assignment]
    strides: list[int] = info.reduction()
    return strides


def _probe(model: nn.Module, name: str, stride: int) -> tuple[int, list[torch.Size]]:
    """Return the multiple that both sides must be of, and the maps' shapes for an image one multiple high, two wide.

    The stride is enough for most; networks with windows that do not adapt (MaxViT) need their native size as well.

    Raises:
        ConfigError: neither works.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    reason = ""
    for multiple in dict.fromkeys((stride, native_size(name))):
        try:
            with torch.no_grad():
                maps = forward_maps(model, torch.zeros(1, 3, multiple, 2 * multiple, device=device))
        except (RuntimeError, AssertionError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            continue
        model.train(was_training)
        if multiple > stride:
            log.info("%s takes multiples of %d pixels only: other sizes are padded", name, multiple)
        return multiple, [y.shape for y in maps]
    raise ConfigError(
        f"model.backbone={name} takes images of one size only ({reason}); segmentation needs any size: choose another, "
        "such as a ConvNeXt, a Swin or a plain ViT."
    )
