"""The heads that give K-Net its feature map, its first logits and its first kernels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import nn

from trashseg.models.knet.layers import ConvBNReLU, resize


class GenerateHead(nn.Module, ABC):
    """A segmentation head in two steps: a feature map, and a 1x1 classification of it after channel drop-out.

    K-Net takes the map before the drop-out, and the classification's weights as its first kernels.

    Args:
        num_classes: K.
        channels: of the feature map.
        dropout: share of the channels that training drops before the classification, in [0, 1).
    """

    def __init__(self, num_classes: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.conv_seg = nn.Conv2d(channels, num_classes, 1)
        nn.init.normal_(self.conv_seg.weight, std=0.01)
        nn.init.zeros_(self.conv_seg.bias)  # type: ignore[arg-type]  # a convolution with bias
        self.dropout = nn.Dropout2d(dropout)

    @abstractmethod
    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the feature map (N, channels, h, w) of the backbone's ``maps``, finest first."""

    def forward(self, maps: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the feature map (N, channels, h, w) and its logits (N, K, h, w)."""
        feature = self.features(maps)
        return feature, self.conv_seg(self.dropout(feature))


class FCNHead(GenerateHead):
    """Plain 3x3 convolutions on one map (Long et al. 2015); with one of them also the auxiliary head.

    Args:
        in_channels: of the backbone's maps.
        num_classes: K.
        channels: of the convolutions.
        num_convs: how many, at least 1.
        concat_input: one more convolution looks at the map and the last convolution together.
        in_index: which map.
        dropout: see :class:`GenerateHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        num_convs: int = 2,
        concat_input: bool = True,
        in_index: int = -1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        self.in_index = in_index
        first = in_channels[in_index]
        self.convs = nn.Sequential(*(ConvBNReLU(channels if i else first, channels, 3) for i in range(num_convs)))
        self.conv_cat = ConvBNReLU(first + channels, channels, 3) if concat_input else None

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of its one map."""
        x = maps[self.in_index]
        result: torch.Tensor = self.convs(x)
        return result if self.conv_cat is None else self.conv_cat(torch.cat([x, result], 1))


class _PyramidPooling(GenerateHead):
    """The last map beside its averages over coarse grids, and their fusion (Zhao et al. 2017).

    Args:
        in_channels: of the backbone's maps.
        num_classes: K.
        channels: of every branch and of the feature map.
        pool_scales: cells along each side of the grids.
        dropout: see :class:`GenerateHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        pool_scales: Sequence[int] = (1, 2, 3, 6),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        last = in_channels[-1]
        self.psp_modules = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(scale), ConvBNReLU(last, channels, 1)) for scale in pool_scales
        )
        self.bottleneck = ConvBNReLU(last + len(pool_scales) * channels, channels, 3)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        """Return the fusion (N, channels, h, w) of x (N, C, h, w) and its pooled forms."""
        parts = [x, *(resize(module(x), x.shape[-2:]) for module in self.psp_modules)]
        result: torch.Tensor = self.bottleneck(torch.cat(parts, 1))
        return result


class PSPHead(_PyramidPooling):
    """PSPNet's head (Zhao et al. 2017) on the last map, which is best dilated to 1/8."""

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of the last map."""
        return self.pooled(maps[-1])


class UPerHead(_PyramidPooling):
    """UPerNet's head (Xiao et al. 2018): pyramid pooling of the last map, then a feature pyramid over all.

    The arguments are those of :class:`PSPHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        pool_scales: Sequence[int] = (1, 2, 3, 6),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(in_channels, num_classes, channels, pool_scales=pool_scales, dropout=dropout)
        self.lateral_convs = nn.ModuleList(ConvBNReLU(count, channels, 1) for count in in_channels[:-1])
        self.fpn_convs = nn.ModuleList(ConvBNReLU(channels, channels, 3) for _ in in_channels[:-1])
        self.fpn_bottleneck = ConvBNReLU(len(in_channels) * channels, channels, 3)

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of the first, finest map."""
        top = self.pooled(maps[-1])
        summed, levels = top, [top]
        finer = list(zip(self.lateral_convs, self.fpn_convs, maps[:-1], strict=True))
        for lateral, fpn, x in reversed(finer):
            summed = lateral(x) + resize(summed, x.shape[-2:])
            levels.insert(0, fpn(summed))
        size = maps[0].shape[-2:]
        result: torch.Tensor = self.fpn_bottleneck(torch.cat([resize(level, size) for level in levels], 1))
        return result


class ASPPHead(GenerateHead):
    """DeepLabV3's head (Chen et al. 2017) on the last map, which is best dilated to 1/8.

    Args:
        in_channels: of the backbone's maps.
        num_classes: K.
        channels: of every branch and of the feature map.
        dilations: of the branches; one of 1 is a 1x1 convolution, the others are 3x3.
        dropout: see :class:`GenerateHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        channels: int = 512,
        *,
        dilations: Sequence[int] = (1, 12, 24, 36),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(num_classes, channels, dropout)
        last = in_channels[-1]
        self.image_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvBNReLU(last, channels, 1))
        self.aspp_modules = nn.ModuleList(
            ConvBNReLU(last, channels, 1 if dilation == 1 else 3, dilation) for dilation in dilations
        )
        self.bottleneck = ConvBNReLU((len(dilations) + 1) * channels, channels, 3)

    def features(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, channels, h, w) at the size of the last map."""
        x = maps[-1]
        parts = [resize(self.image_pool(x), x.shape[-2:]), *(module(x) for module in self.aspp_modules)]
        result: torch.Tensor = self.bottleneck(torch.cat(parts, 1))
        return result
