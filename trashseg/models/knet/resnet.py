"""ResNet with the deep stem of mmsegmentation's ResNetV1c, dilated where a head needs finer maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from trashseg.models.knet.convert import resnet_from_timm
from trashseg.models.knet.layers import Backbone, init_conv
from trashseg.types import ConfigError

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ResNetV1c(Backbone):
    """ResNet (He et al. 2016) with three 3x3 convolutions instead of the first 7x7 (He et al. 2019, ResNet-C).

    Args:
        depth: 18, 34, 50, 101 or 152.
        strides: of the four stages; a head on the last map wants (1, 2, 1, 1), a pyramid (1, 2, 2, 2).
        dilations: of the four stages, (1, 1, 2, 4) beside the strides (1, 2, 1, 1). The first block of a dilated
            stage has half its stage's dilation.
        base_channels: of the first stage before its expansion.
        stem_channels: of the stem's output.
        timm_name: see :class:`Backbone`.

    Raises:
        ConfigError: an unknown depth, or strides or dilations that are not four.
    """

    def __init__(
        self,
        depth: int = 50,
        *,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        base_channels: int = 64,
        stem_channels: int = 64,
        timm_name: str | None = None,
    ) -> None:
        if depth not in BLOCKS or not len(strides) == len(dilations) == 4:
            raise ConfigError(
                f"model.backbone: depth={depth}, strides={list(strides)}, dilations={list(dilations)}; give a depth of "
                f"{', '.join(map(str, BLOCKS))} and four numbers each for strides and dilations."
            )
        kind = _Bottleneck if depth >= 50 else _BasicBlock
        super().__init__(tuple(base_channels * 2**i * kind.expansion for i in range(4)), timm_name)
        self.stem = _stem(stem_channels)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        in_channels = stem_channels
        for i, (count, stride, dilation) in enumerate(zip(BLOCKS[depth], strides, dilations, strict=True)):
            stage = _stage(kind, in_channels, base_channels * 2**i, count, stride, dilation)
            self.add_module(f"layer{i + 1}", stage)
            in_channels = self.channels[i]
        self.apply(_init)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return four maps (N, C_i, H_i, W_i), the first at 1/4 over the first stride."""
        x = self.maxpool(self.stem(x))
        maps = []
        for i in range(4):
            for block in self.get_submodule(f"layer{i + 1}").children():
                x = self.run(block, x)
            maps.append(x)
        return maps

    def convert(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return timm's weights (``resnet50c`` and its kin) under this network's names."""
        return resnet_from_timm(state)


class _BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a direct way."""

    expansion = 1

    def __init__(
        self, in_channels: int, channels: int, stride: int, dilation: int, downsample: nn.Module | None
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = downsample
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, channels, H', W')."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        result: torch.Tensor = self.relu(out + (x if self.downsample is None else self.downsample(x)))
        return result


class _Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, and 1x1 convolution beside a direct way."""

    expansion = 4

    def __init__(
        self, in_channels: int, channels: int, stride: int, dilation: int, downsample: nn.Module | None
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.downsample = downsample
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, 4 * channels, H', W')."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        result: torch.Tensor = self.relu(out + (x if self.downsample is None else self.downsample(x)))
        return result


def _stem(channels: int) -> nn.Sequential:
    """Return three 3x3 convolutions to half the size."""
    layers: list[nn.Module] = []
    counts = (3, channels // 2, channels // 2, channels)
    for before, after, stride in zip(counts[:-1], counts[1:], (2, 1, 1), strict=True):
        conv = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        layers += [conv, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _stage(
    kind: type[_BasicBlock | _Bottleneck], in_channels: int, channels: int, count: int, stride: int, dilation: int
) -> nn.Sequential:
    """Return ``count`` blocks, the first with the stride and half the dilation."""
    out_channels = channels * kind.expansion
    downsample = None
    if stride != 1 or in_channels != out_channels:
        conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        downsample = nn.Sequential(conv, nn.BatchNorm2d(out_channels))
    first = kind(in_channels, channels, stride, max(dilation // 2, 1), downsample)
    return nn.Sequential(first, *(kind(out_channels, channels, 1, dilation, None) for _ in range(count - 1)))


def _init(module: nn.Module) -> None:
    """Fill convolutions as He et al. (2015); a block's last norm starts at 0, so that the block begins as nothing."""
    if isinstance(module, nn.Conv2d):
        init_conv(module)
    elif isinstance(module, _Bottleneck):
        nn.init.zeros_(module.bn3.weight)
    elif isinstance(module, _BasicBlock):
        nn.init.zeros_(module.bn2.weight)
