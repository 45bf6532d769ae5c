"""What several parts of K-Net are made of; the attributes' names are those of mmsegmentation's weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional


class Backbone(nn.Module, ABC):
    """A network from normalised images to feature maps, finest first.

    Args:
        channels: of the maps, in their order.
        timm_name: the timm model, with its tag, whose published weights are the starting point; None for none.
    """

    def __init__(self, channels: tuple[int, ...], timm_name: str | None) -> None:
        super().__init__()
        self.channels = channels
        self.timm_name = timm_name
        self.grad_checkpointing = False

    @abstractmethod
    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps (N, C_i, H_i, W_i) of images (N, 3, H, W)."""

    @abstractmethod
    def convert(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return published classification weights under this network's names; what it lacks is left out."""

    def run(self, block: nn.Module, x: torch.Tensor, *others: torch.Tensor | None) -> torch.Tensor:
        """Call a block, keeping only its input for the backward pass where ``grad_checkpointing`` is set."""
        result: torch.Tensor
        if self.grad_checkpointing and self.training and torch.is_grad_enabled():
            result = torch.utils.checkpoint.checkpoint(block, x, *others, use_reentrant=False)
        else:
            result = block(x, *others)
        return result


class ConvBNReLU(nn.Sequential):
    """Convolution without bias, that keeps the size, then batch norm and ReLU; He-initialised (He et al. 2015)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__()
        padding = kernel_size // 2 * dilation
        conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation, bias=False)
        init_conv(conv)
        self.add_module("conv", conv)
        self.add_module("bn", nn.BatchNorm2d(out_channels))
        self.add_module("activate", nn.ReLU(inplace=True))


class FFN(nn.Module):
    """Two linear layers with an activation between and the input added (Vaswani et al. 2017)."""

    def __init__(
        self, channels: int, hidden_channels: int, activation: nn.Module, drop: nn.Module | None = None
    ) -> None:
        super().__init__()
        first = nn.Sequential(nn.Linear(channels, hidden_channels), activation)
        self.layers = nn.Sequential(first, nn.Linear(hidden_channels, channels))
        self.drop = drop or nn.Identity()

    def forward(self, x: torch.Tensor, identity: torch.Tensor | None = None) -> torch.Tensor:
        """Return ``identity`` (None: x itself) plus the layers' output for x (..., channels)."""
        result: torch.Tensor = (x if identity is None else identity) + self.drop(self.layers(x))
        return result


def init_conv(conv: nn.Conv2d) -> None:
    """Fill a convolution as He et al. (2015), normal by its outputs, with a bias of 0."""
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


def resize(x: torch.Tensor, size: tuple[int, int] | torch.Size) -> torch.Tensor:
    """Return x (N, C, H, W) at ``size`` (height, width), bilinear with pixel centres aligned, not corners."""
    if x.shape[-2:] == size:
        return x
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=False)
