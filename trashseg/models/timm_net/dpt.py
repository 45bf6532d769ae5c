"""DPT's head (Ranftl et al. 2021) for plain transformers of any patch; SMP's form works for patches of 16 only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from timm.layers import LayerNorm2d
from torch import nn

from trashseg.models.knet.generate import GenerateHead
from trashseg.models.knet.layers import init_conv, resize
from trashseg.types import ConfigError


class DPTHead(GenerateHead):
    """Four blocks' maps reassembled to 4, 2, 1 and 1/2 times their resolution and fused from coarse to fine.

    The factors belong to the grid of patches rather than to the image, so that patches of 14 work as well as 16. The
    class token is left out, as Depth Anything does over DINOv2 (Yang et al. 2024), and each map is normalised first,
    for it leaves the transformer before its final norm.

    Args:
        in_channels: of the backbone's maps, four.
        num_classes: K.
        channels: of the fusion and of the feature map.
        level_channels: of the reassembled maps, finest first.
        dropout: share of the channels that training drops before the classification, in [0, 1).

    Raises:
        ConfigError: not four maps of a plain transformer.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 256,
        *,
        level_channels: Sequence[int] = (96, 192, 384, 768),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        if len(in_channels) != 4 or len(set(in_channels)) > 1 or len(level_channels) != 4:
            raise ConfigError(
                f"this head takes four maps of a plain transformer and four level_channels, not {list(in_channels)} "
                f"channels and {list(level_channels)}: set model.num_maps=4 and model.backbone=vit_..., or model=light "
                "for a backbone that is a pyramid itself."
            )
        finest, fine, _, coarsest = level_channels
        steps = (
            nn.ConvTranspose2d(finest, finest, 4, stride=4),
            nn.ConvTranspose2d(fine, fine, 2, stride=2),
            nn.Identity(),
            nn.Conv2d(coarsest, coarsest, 3, stride=2, padding=1),
        )
        self.reassemble = nn.ModuleList(
            nn.Sequential(LayerNorm2d(before), nn.Conv2d(before, count, 1), step, _conv(count, channels))
            for before, count, step in zip(in_channels, level_channels, steps, strict=True)
        )
        # The coarsest map has nothing to be added to.
        self.enter = nn.ModuleList(ResidualUnit(channels) for _ in range(3))
        self.leave = nn.ModuleList(
            nn.Sequential(ResidualUnit(channels), nn.Conv2d(channels, channels, 1)) for _ in "1234"
        )
        self.last = nn.Sequential(_conv(channels, channels), nn.BatchNorm2d(channels), nn.ReLU(inplace=True))

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, 8 h, 8 w) of four maps (N, C, h, w)."""
        levels = [layer(x) for layer, x in zip(self.reassemble, maps, strict=True)]
        fused = levels[3]
        for i in (2, 1, 0):
            fused = self.enter[i](levels[i]) + resize(self.leave[i + 1](fused), levels[i].shape[-2:])
        height, width = levels[0].shape[-2:]
        result: torch.Tensor = self.last(resize(self.leave[0](fused), (2 * height, 2 * width)))
        return result


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions beside a direct way, activation first.

    Args:
        channels: in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The input is needed again: the first activation must not work in place.
        self.layers = nn.Sequential(
            nn.ReLU(), _conv(channels, channels), nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True), _conv(channels, channels), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, channels, h, w)."""
        result: torch.Tensor = x + self.layers(x)
        return result


def _conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Return a 3x3 convolution without bias that keeps the size."""
    conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    init_conv(conv)
    return conv
