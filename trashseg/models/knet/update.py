"""One round of K-Net: kernels look at what their masks gathered, at each other, and draw new masks."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from contextlib import AbstractContextManager

import torch
from torch import nn

from trashseg.models.knet.layers import FFN, init_conv
from trashseg.types import ConfigError


class KernelUpdator(nn.Module):
    """Adaptive kernel update (Zhang et al. 2021, equations 4 and 5): two gates weigh old kernel and new feature.

    Args:
        channels: width c at which it works; wider kernels are cut into pieces of c that go through alone.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.dynamic_layer = nn.Linear(channels, 2 * channels)
        self.input_layer = nn.Linear(channels, 2 * channels)
        self.input_gate = nn.Linear(channels, channels)
        self.update_gate = nn.Linear(channels, channels)
        self.norm_in = nn.LayerNorm(channels)
        self.norm_out = nn.LayerNorm(channels)
        self.input_norm_in = nn.LayerNorm(channels)
        self.input_norm_out = nn.LayerNorm(channels)
        self.fc_layer = nn.Linear(channels, channels)
        self.fc_norm = nn.LayerNorm(channels)

    def forward(self, feature: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
        """Return new kernels, of the shape of ``feature`` and ``kernels`` (N, K, C), C a multiple of c."""
        pieces = (-1, self.channels)
        feature_in, feature_out = self.dynamic_layer(feature.reshape(pieces)).chunk(2, -1)
        kernel_in, kernel_out = self.input_layer(kernels.reshape(pieces)).chunk(2, -1)
        both = kernel_in * feature_in
        kernel_gate = self.input_norm_in(self.input_gate(both)).sigmoid()
        feature_gate = self.norm_in(self.update_gate(both)).sigmoid()
        mixed = feature_gate * self.norm_out(feature_out) + kernel_gate * self.input_norm_out(kernel_out)
        result: torch.Tensor = self.fc_norm(self.fc_layer(mixed)).relu().reshape(kernels.shape)
        return result


class KernelUpdateHead(nn.Module):
    """One stage (Zhang et al. 2021, section 3.2), in the form for semantic segmentation: one kernel a class.

    The linear layers keep torch's own initialisation, as the published models' training had it.

    Args:
        channels: C of the feature map and the kernels.
        num_heads: of the attention between the kernels.
        ffn_channels: hidden width of the feed-forward layers.
        updator_channels: see :class:`KernelUpdator`.
        num_mask_fcs: hidden layers between a kernel and its mask kernel.

    Raises:
        ConfigError: ``channels`` cannot be divided by ``num_heads`` or ``updator_channels``.
    """

    def __init__(
        self,
        channels: int = 512,
        *,
        num_heads: int = 8,
        ffn_channels: int = 2048,
        updator_channels: int = 256,
        num_mask_fcs: int = 1,
    ) -> None:
        super().__init__()
        _check_width(channels, num_heads, updator_channels)
        self.attention = nn.ModuleDict({"attn": nn.MultiheadAttention(channels, num_heads)})
        self.attention_norm = nn.LayerNorm(channels)
        self.kernel_update_conv = KernelUpdator(updator_channels)
        transform = nn.Conv2d(channels, channels, 1)
        init_conv(transform)
        self.feat_transform = nn.Sequential(OrderedDict(conv=transform))
        self.ffn = FFN(channels, ffn_channels, nn.ReLU(inplace=True))
        self.ffn_norm = nn.LayerNorm(channels)
        layers = [
            (nn.Linear(channels, channels, bias=False), nn.LayerNorm(channels), nn.ReLU(inplace=True))
            for _ in range(num_mask_fcs)
        ]
        self.mask_fcs = nn.Sequential(*(layer for triple in layers for layer in triple))
        self.fc_mask = nn.Linear(channels, channels)

    def forward(
        self, feature: torch.Tensor, kernels: torch.Tensor, logits: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits and kernels of the next stage.

        Args:
            feature: (N, C, h, w), the generate head's map in every stage.
            kernels: (N, K, C) of the stage before.
            logits: (N, K, h, w) of the stage before.

        Returns:
            Logits (N, K, h, w) and kernels (N, K, C).
        """
        x = self.feat_transform(feature).flatten(2)
        # The gathered features are sums over all pixels, which pass float16's largest number, 65504.
        with _full_precision(x):
            dtype = self.fc_mask.weight.dtype
            kernels = self.refine(_gather(x, logits.flatten(2)).to(dtype), kernels.to(dtype))
        mask_kernels = self.fc_mask(self.mask_fcs(kernels))
        return torch.bmm(mask_kernels, x.to(mask_kernels.dtype)).view(logits.shape), kernels

    def refine(self, gathered: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
        """Return the kernels (N, K, C) after the gates, the attention between classes and the feed-forward layers."""
        updated = self.kernel_update_conv(gathered, kernels).transpose(0, 1)
        attended, _ = self.attention["attn"](updated, updated, updated, need_weights=False)
        updated = self.attention_norm(updated + attended).transpose(0, 1)
        result: torch.Tensor = self.ffn_norm(self.ffn(updated))
        return result


def _gather(x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return, for each class, the sum of x over pixels, weighted by the class's probability there.

    Args:
        x: (N, C, P).
        logits: (N, K, P).

    Returns:
        (N, K, C), float32 at least.
    """
    wide = torch.promote_types(x.dtype, torch.float32)
    return torch.bmm(logits.to(wide).softmax(1), x.to(wide).transpose(1, 2))


def _full_precision(x: torch.Tensor) -> AbstractContextManager[None]:
    """Return a context without autocast; nothing where autocast does not exist, as on the meta device."""
    if x.device.type == "meta" or not torch.is_autocast_enabled(x.device.type):
        return contextlib.nullcontext()
    return torch.autocast(x.device.type, enabled=False)


def _check_width(channels: int, num_heads: int, updator_channels: int) -> None:
    for key, divisor in (("num_heads", num_heads), ("updator_channels", updator_channels)):
        if divisor < 1 or channels % divisor:
            raise ConfigError(
                f"model.update.{key}={divisor} does not divide model.generate_head.channels={channels}; "
                "give a divisor, such as half the channels."
            )
