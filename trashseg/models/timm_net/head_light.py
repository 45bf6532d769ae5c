"""A head that costs next to nothing: for kiosks, and to compare backbones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from trashseg.models.knet.generate import GenerateHead
from trashseg.models.knet.layers import init_conv, resize


class LightHead(GenerateHead):
    """SegFormer's all-MLP head (Xie et al. 2021) with its two linear layers in a row made one.

    SegFormer projects every map to C channels, resizes them to the finest, puts them side by side and mixes the 4C
    channels by a 1x1 convolution to C. No activation lies between the two layers, so one projection for each map,
    before the resizing, and a sum do the same, at a fraction of the cost. LR-ASPP, the other light head in use, sees
    two maps only and ties its gate to a fixed pooling window, which suits neither transformers nor other image sizes.

    Args:
        in_channels: of the backbone's maps.
        num_classes: K.
        channels: C.
        dropout: share of the channels that training drops before the classification, in [0, 1).
    """

    def __init__(
        self, in_channels: Sequence[int], num_classes: int, channels: int = 128, *, dropout: float = 0.1
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        self.projections = nn.ModuleList(nn.Conv2d(count, channels, 1, bias=False) for count in in_channels)
        self.norm = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        for projection in self.projections:
            init_conv(projection)  # type: ignore[arg-type]

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of the first, finest map."""
        size = maps[0].shape[-2:]
        projected = [resize(layer(x), size) for layer, x in zip(self.projections, maps, strict=True)]
        result: torch.Tensor = self.norm(sum(projected[1:], projected[0]))
        return result
