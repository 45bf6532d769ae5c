"""Attention inside shifted windows, padding before it rolls."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class WindowAttention(nn.Module):
    """Self-attention of the pixels of a window, with a learnt bias for each offset between two (Liu et al. 2021).

    Args:
        channels: C.
        num_heads: a divisor of C.
        window_size: w, side of the windows in pixels.
    """

    relative_position_index: torch.Tensor

    def __init__(self, channels: int, num_heads: int, window_size: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (channels // num_heads) ** -0.5
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window_size - 1) ** 2, num_heads))
        self.register_buffer("relative_position_index", offset_index(window_size))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return the attended windows.

        Args:
            windows: (N * M, w * w, C), the M windows of an image beside each other.
            mask: (M, w * w, w * w), added to the scores; None where every pixel may see every other.
        """
        count, tokens, channels = windows.shape
        qkv = self.qkv(windows).view(count, tokens, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind(0)
        bias = self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        scores = (query * self.scale) @ key.transpose(-2, -1) + bias
        if mask is not None:
            scores = (scores.view(-1, len(mask), *scores.shape[1:]) + mask[:, None]).view_as(scores)
        attended = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, tokens, channels)
        result: torch.Tensor = self.proj(attended)
        return result


class ShiftedWindowAttention(nn.Module):
    """Window attention over a whole map: pad to whole windows, roll, attend, roll back, cut.

    timm rolls first and pads afterwards, which gives other values wherever a side is no multiple of the window;
    weights that mmsegmentation trained need this order.

    Args:
        channels: C.
        num_heads: a divisor of C.
        window_size: side of the windows in pixels.
        shift: pixels by which the map is rolled; 0 for none.
    """

    def __init__(self, channels: int, num_heads: int, window_size: int, shift: int) -> None:
        super().__init__()
        self.window_size = window_size
        self.shift = shift
        self.w_msa = WindowAttention(channels, num_heads, window_size)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return the attended map.

        Args:
            x: (N, H, W, C).
            mask: :func:`shift_mask` of the padded map where there is a shift, else not looked at.
        """
        num, height, width = x.shape[:3]
        x = functional.pad(x, (0, 0, 0, -width % self.window_size, 0, -height % self.window_size))
        padded = x.shape[1:3]
        if self.shift:
            x = x.roll((-self.shift, -self.shift), (1, 2))
        windows = self.w_msa(to_windows(x, self.window_size), mask if self.shift else None)
        x = from_windows(windows, self.window_size, num, padded)
        if self.shift:
            x = x.roll((self.shift, self.shift), (1, 2))
        return x[:, :height, :width]


def to_windows(x: torch.Tensor, size: int) -> torch.Tensor:
    """Cut x (N, H, W, C), both sides multiples of ``size``, into windows (N * M, size * size, C)."""
    num, height, width, channels = x.shape
    x = x.view(num, height // size, size, width // size, size, channels)
    return x.transpose(2, 3).reshape(-1, size * size, channels)


def from_windows(windows: torch.Tensor, size: int, num: int, sides: torch.Size) -> torch.Tensor:
    """Put windows (N * M, size * size, C) together to N maps (N, H, W, C) of ``sides`` (H, W)."""
    x = windows.view(num, sides[0] // size, sides[1] // size, size, size, -1)
    return x.transpose(2, 3).reshape(num, sides[0], sides[1], -1)


def shift_mask(height: int, width: int, window_size: int, shift: int, like: torch.Tensor) -> torch.Tensor:
    """Return what keeps pixels apart that only the roll made neighbours.

    Args:
        height: of the map, before padding.
        width: of the map, before padding.
        window_size: w, side of the windows.
        shift: pixels of the roll, above 0.
        like: gives device and dtype.

    Returns:
        (M, w * w, w * w), 0 where two pixels of a window may see each other, else -100.
    """
    rows = _regions(height + -height % window_size, window_size, shift, like.device)
    columns = _regions(width + -width % window_size, window_size, shift, like.device)
    regions = to_windows((3 * rows[:, None] + columns)[None, ..., None], window_size).squeeze(-1)
    apart = regions[:, None, :] != regions[:, :, None]
    return torch.zeros(apart.shape, dtype=like.dtype, device=like.device).masked_fill(apart, -100.0)


def _regions(side: int, window_size: int, shift: int, device: torch.device) -> torch.Tensor:
    """Number the parts of a rolled side: whole windows 0, the last window's own part 1, what was rolled in 2."""
    position = torch.arange(side, device=device)
    return (position >= side - window_size).int() + (position >= side - shift).int()


def offset_index(window_size: int) -> torch.Tensor:
    """Return (w * w, w * w) int64: the row of the bias table for each pair of pixels, by their offset."""
    side = torch.arange(window_size)
    y, x = (grid.flatten() for grid in torch.meshgrid(side, side, indexing="ij"))
    down, right = y[:, None] - y + window_size - 1, x[:, None] - x + window_size - 1
    return down * (2 * window_size - 1) + right
