"""Object-contextual representations (Yuan et al. 2020): every pixel looks at the classes' regions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from trashseg.models.knet.generate import GenerateHead
from trashseg.models.knet.layers import ConvBNReLU, init_conv, resize


class OCRHead(GenerateHead):
    """OCR over all maps of a backbone put side by side at the finest one's size, as HRNetV2 is used.

    A first, plain classification gives soft regions, one for each class; a region's vector is the mean of the pixels'
    features under it; every pixel attends to the K vectors, and what it gathers stands beside its own feature.

    Args:
        in_channels: of the backbone's maps.
        num_classes: K.
        channels: of the pixels' features.
        key_channels: in which pixels and regions are compared.
        dropout: share of the channels that training drops before the classification, in [0, 1).
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        key_channels: int = 256,
        dropout: float = 0.05,
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        total = sum(in_channels)
        last = nn.Conv2d(total, num_classes, 1)
        init_conv(last)
        self.regions = nn.Sequential()
        self.regions.add_module("conv", ConvBNReLU(total, total, 1))
        self.regions.add_module("conv_seg", last)
        self.pixels = ConvBNReLU(total, channels, 3)
        self.attention = RegionAttention(channels, key_channels)
        self.fuse = ConvBNReLU(2 * channels, channels, 1)

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of the first, finest map."""
        return self._features(maps)[0]

    def outputs(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the logits (N, K, h, w) and those of the soft regions, which training supervises as well."""
        feature, regions = self._features(maps)
        return [self.conv_seg(self.dropout(feature)), regions]

    def _features(self, maps: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        size = maps[0].shape[-2:]
        x = torch.cat([resize(y, size) for y in maps], 1)
        regions = self.regions(x)
        pixels = self.pixels(x)
        context = self.attention(pixels, region_vectors(pixels, regions))
        return self.fuse(torch.cat([context, pixels], 1)), regions


class RegionAttention(nn.Module):
    """Dot-product attention of pixels to the regions' vectors.

    Args:
        channels: of both.
        key_channels: in which they are compared.
    """

    def __init__(self, channels: int, key_channels: int) -> None:
        super().__init__()
        self.query = nn.Sequential(ConvBNReLU(channels, key_channels, 1), ConvBNReLU(key_channels, key_channels, 1))
        self.key = nn.Sequential(ConvBNReLU(channels, key_channels, 1), ConvBNReLU(key_channels, key_channels, 1))
        self.value = ConvBNReLU(channels, key_channels, 1)
        self.out = ConvBNReLU(key_channels, channels, 1)

    def forward(self, pixels: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        """Return what the pixels (N, C, h, w) gather from the regions (N, C, K, 1): (N, C, h, w)."""
        # Each (N, tokens, key_channels); the scale is one over the root of key_channels.
        query, key, value = (
            layer(x).flatten(2).transpose(1, 2)
            for layer, x in ((self.query, pixels), (self.key, regions), (self.value, regions))
        )
        gathered = functional.scaled_dot_product_attention(query, key, value)
        result: torch.Tensor = self.out(gathered.transpose(1, 2).reshape(len(pixels), -1, *pixels.shape[-2:]))
        return result


def region_vectors(pixels: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Return the mean feature of every soft region (N, C, K, 1), weighted by a softmax over the image.

    Args:
        pixels: features (N, C, h, w).
        regions: logits (N, K, h, w).
    """
    weights = regions.flatten(2).softmax(2)
    return torch.einsum("ncp,nkp->nck", pixels.flatten(2), weights).unsqueeze(3)
