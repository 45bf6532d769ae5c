"""UPerNet over plain transformers: a feature pyramid made from maps that all have one stride."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.layers import LayerNorm2d
from torch import nn

from trashseg.models.knet.generate import FCNHead, UPerHead
from trashseg.types import ConfigError


class SimpleFeaturePyramid(nn.Module):
    """Maps of a transformer's one stride to a pyramid of 4, 2, 1 and 1/2 times its resolution (Li et al. 2022).

    Transposed convolutions enlarge and halve the channels each time, pooling shrinks; there is no way from level to
    level, UPerNet's head has one. A norm comes first, for the last blocks' maps leave the transformer before its final
    norm and some of their channels are a hundred times as large as the others.

    Args:
        in_channels: of the maps: one, from which all levels come (Li et al.), or four, one for each level, the first
            block for the finest, as BEiT's UPerNet has it (Bao et al. 2021).

    Raises:
        ConfigError: neither one nor four maps, or not those of a plain transformer.
    """

    def __init__(self, in_channels: Sequence[int]) -> None:
        super().__init__()
        if len(in_channels) not in (1, 4) or len(set(in_channels)) > 1 or in_channels[0] % 4:
            raise ConfigError(
                f"this head takes one or four maps of a plain transformer, all with the same multiple of 4 channels; "
                f"the backbone gives {list(in_channels)}: set model.num_maps=1 or 4, or choose model.backbone=vit_..., "
                "or model=light for a backbone that is a pyramid itself."
            )
        counts = list(in_channels) * (4 // len(in_channels))
        self.channels = (counts[0] // 4, counts[1] // 2, counts[2], counts[3])
        up4 = nn.Sequential(_enlarge(counts[0]), LayerNorm2d(counts[0] // 2), nn.GELU(), _enlarge(counts[0] // 2))
        steps = (up4, _enlarge(counts[1]), nn.Identity(), nn.MaxPool2d(2, ceil_mode=True))
        self.levels = nn.ModuleList(
            nn.Sequential(LayerNorm2d(count), step) for count, step in zip(counts, steps, strict=True)
        )

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return four maps (N, C_i, h_i, w_i), finest first, of one or four maps (N, C, h, w)."""
        sources = list(maps) * (4 // len(maps))
        return [level(x) for level, x in zip(self.levels, sources, strict=True)]


class PyramidUPerHead(UPerHead):
    """UPerNet's head (Xiao et al. 2018) on a :class:`SimpleFeaturePyramid`, with an auxiliary head on its third level.

    Args:
        in_channels: of the backbone's maps, one or four.
        num_classes: K.
        channels: of every branch and of the feature map.
        pool_scales: cells along each side of the pooled grids.
        dropout: share of the channels that training drops before the classification, in [0, 1).
        aux_channels: width of the auxiliary head, which training supervises as well.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        pool_scales: Sequence[int] = (1, 2, 3, 6),
        dropout: float = 0.1,
        aux_channels: int = 256,
    ) -> None:
        pyramid = SimpleFeaturePyramid(in_channels)
        super().__init__(pyramid.channels, num_classes, channels, pool_scales=pool_scales, dropout=dropout)
        self.pyramid = pyramid
        self.auxiliary_head = FCNHead(
            pyramid.channels, num_classes, aux_channels, num_convs=1, concat_input=False, in_index=2
        )

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at four times the resolution of the backbone's ``maps``."""
        return super().features(self.pyramid(maps))

    def outputs(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the logits (N, K, h, w) and those of the auxiliary head, at a quarter of that size."""
        levels = self.pyramid(maps)
        _, auxiliary = self.auxiliary_head(levels)
        return [self.conv_seg(self.dropout(super().features(levels))), auxiliary]


def _enlarge(channels: int) -> nn.ConvTranspose2d:
    """Return a layer that doubles the size and halves the channels."""
    return nn.ConvTranspose2d(channels, channels // 2, 2, stride=2)
