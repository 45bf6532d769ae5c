"""Swin Transformer as a backbone, in the form of mmsegmentation's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from timm.layers import DropPath
from torch import nn
from torch.nn import functional

from trashseg.models.knet.convert import swin_from_timm
from trashseg.models.knet.layers import FFN, Backbone
from trashseg.models.knet.window import ShiftedWindowAttention, shift_mask
from trashseg.types import ConfigError

PATCH = 4


class Swin(Backbone):
    """Swin Transformer (Liu et al. 2021): four maps at 1/4 to 1/32, each through a layer norm of its own.

    Any height and width: patches, windows and merged pixels are completed with zeros on the right and at the bottom.

    Args:
        embed_dims: channels of the first map; each further one has twice as many.
        depths: blocks of each stage.
        num_heads: attention heads of each stage.
        window_size: side of the attention's windows, in pixels of the map.
        mlp_ratio: hidden width of the feed-forward layers by that of the map.
        drop_path_rate: stochastic depth (Huang et al. 2016) of the last block, rising evenly from 0 at the first.
        timm_name: see :class:`Backbone`.

    Raises:
        ConfigError: the stages' numbers differ, or a stage's channels cannot be divided by its heads.
    """

    def __init__(
        self,
        embed_dims: int,
        depths: Sequence[int],
        num_heads: Sequence[int],
        *,
        window_size: int = 7,
        mlp_ratio: float = 4.0,
        drop_path_rate: float = 0.3,
        timm_name: str | None = None,
    ) -> None:
        channels = tuple(embed_dims * 2**i for i in range(len(depths)))
        _check_stages(channels, depths, num_heads)
        super().__init__(channels, timm_name)
        self.patch_embed = _PatchEmbed(embed_dims)
        rates = _rising(drop_path_rate, sum(depths))
        self.stages = nn.ModuleList()
        for i, (count, heads) in enumerate(zip(channels, num_heads, strict=True)):
            own = rates[sum(depths[:i]) : sum(depths[: i + 1])]
            self.stages.append(_Stage(count, heads, window_size, mlp_ratio, own, last=i + 1 == len(depths)))
            self.add_module(f"norm{i}", nn.LayerNorm(count))
        self.apply(_init)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return a map (N, C_i, H_i, W_i) a stage; sides are those of the image over 4, 8, 16, 32, rounded up."""
        x = self.patch_embed(x)
        maps = []
        for i, module in enumerate(self.stages):
            stage = cast(_Stage, module)
            mask = stage.mask(x)
            for block in stage.blocks:
                x = self.run(block, x, mask)
            maps.append(self.get_submodule(f"norm{i}")(x).permute(0, 3, 1, 2).contiguous())
            if stage.downsample is not None:
                x = stage.downsample(x)
        return maps

    def convert(self, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return timm's or Microsoft's weights under this network's names; the output norms stay as they are."""
        own = self.state_dict()
        return {**{name: own[name] for name in own if name.startswith("norm")}, **swin_from_timm(state, own)}


class _PatchEmbed(nn.Module):
    """Patches of 4 x 4 pixels as vectors."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, channels, PATCH, PATCH)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, H / 4, W / 4, C), sides rounded up, of images (N, 3, H, W)."""
        x = functional.pad(x, (0, -x.shape[-1] % PATCH, 0, -x.shape[-2] % PATCH))
        result: torch.Tensor = self.norm(self.projection(x).permute(0, 2, 3, 1))
        return result


class _Stage(nn.Module):
    """Blocks at one size, every second with shifted windows, and the step to half the size."""

    def __init__(
        self, channels: int, num_heads: int, window_size: int, mlp_ratio: float, drop_paths: list[float], *, last: bool
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.blocks = nn.ModuleList(
            _Block(channels, num_heads, window_size, window_size // 2 * (i % 2), mlp_ratio, rate)
            for i, rate in enumerate(drop_paths)
        )
        self.downsample = None if last else _PatchMerging(channels)

    def mask(self, x: torch.Tensor) -> torch.Tensor | None:
        """Return the mask that all shifted blocks of the stage share, for a map (N, H, W, C)."""
        shift = self.window_size // 2
        if shift == 0 or len(self.blocks) < 2:
            return None
        return shift_mask(x.shape[1], x.shape[2], self.window_size, shift, x)


class _Block(nn.Module):
    """Attention in windows and feed-forward layers, each after a norm and beside a direct way."""

    def __init__(
        self, channels: int, num_heads: int, window_size: int, shift: int, mlp_ratio: float, drop_path: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = ShiftedWindowAttention(channels, num_heads, window_size, shift)
        self.drop_path = DropPath(drop_path)
        self.norm2 = nn.LayerNorm(channels)
        self.ffn = FFN(channels, int(mlp_ratio * channels), nn.GELU(), DropPath(drop_path))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return the map (N, H, W, C) after the block."""
        x = x + self.drop_path(self.attn(self.norm1(x), mask))
        result: torch.Tensor = self.ffn(self.norm2(x), identity=x)
        return result


class _PatchMerging(nn.Module):
    """Half the size at twice the channels: the four pixels of a square side by side, through a linear layer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, H / 2, W / 2, 2 C), sides rounded up, of a map (N, H, W, C)."""
        x = functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        num, height, width, channels = x.shape
        x = x.view(num, height // 2, 2, width // 2, 2, channels)
        # Channel by channel, the order in which torch's unfold puts them and the published weights expect them.
        x = x.permute(0, 1, 3, 5, 2, 4).reshape(num, height // 2, width // 2, 4 * channels)
        result: torch.Tensor = self.reduction(self.norm(x))
        return result


def _rising(rate: float, count: int) -> list[float]:
    """Return ``count`` numbers that rise evenly from 0 to ``rate``."""
    return [rate * i / max(count - 1, 1) for i in range(count)]


def _init(module: nn.Module) -> None:
    """Fill linear layers with a normal of 0.02, cut off at -2 and 2; the bias tables stay 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _check_stages(channels: tuple[int, ...], depths: Sequence[int], num_heads: Sequence[int]) -> None:
    if not len(depths) == len(num_heads) == 4 or min(depths) < 1:
        raise ConfigError(
            f"model.backbone.depths={list(depths)} and num_heads={list(num_heads)}; give four numbers from 1 in both."
        )
    for count, heads in zip(channels, num_heads, strict=True):
        if heads < 1 or count % heads:
            raise ConfigError(
                f"model.backbone: {heads} heads do not divide the {count} channels of their stage; "
                "change model.backbone.num_heads or embed_dims."
            )
