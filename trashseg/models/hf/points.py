"""Points in [0, 1] x [0, 1] at which masks are compared (PointRend, Kirillov et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


def sample(maps: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Return the values (N, C, P) of maps (N, C, h, w) at points (N, P, 2), x first, interpolated bilinearly."""
    return functional.grid_sample(maps, 2 * where[:, :, None] - 1, align_corners=False).squeeze(3)


def sample_uncertain(
    logits: torch.Tensor, ignored: torch.Tensor, num_points: int, oversample_ratio: float, importance_ratio: float
) -> torch.Tensor:
    """Draw points (N, P, 2), most of them where ``logits`` are nearest to 0, none of these at ignored pixels.

    Args:
        logits: (N, 1, h, w).
        ignored: (N, 1, H, W) in {0, 1}.
        num_points: P.
        oversample_ratio: how many times P points are drawn, from which the most uncertain ones are taken.
        importance_ratio: the share of P that these are; the rest is random.
    """
    drawn = torch.rand(len(logits), int(num_points * oversample_ratio), 2, device=logits.device)
    uncertainty = -sample(logits, drawn)[:, 0].abs()
    uncertainty = uncertainty.masked_fill(sample(ignored, drawn)[:, 0] > 0, -torch.inf)
    num_uncertain = int(importance_ratio * num_points)
    best = uncertainty.topk(num_uncertain, dim=1).indices
    chosen = drawn.gather(1, best[:, :, None].expand(-1, -1, 2))
    if num_uncertain == num_points:
        return chosen
    rest = torch.rand(len(logits), num_points - num_uncertain, 2, device=logits.device)
    return torch.cat([chosen, rest], dim=1)


@dataclass(frozen=True)
class Points:
    """Predictions and labels at points.

    Args:
        logits: (N, Q, P).
        target: (N, M, P) in [0, 1], from the valid pixels alone.
        weight: (N, 1, P) in [0, 1], the share of valid pixels in a point's interpolation.
    """

    logits: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor

    @classmethod
    def at(cls, where: torch.Tensor, logits: torch.Tensor, masks: torch.Tensor, ignored: torch.Tensor) -> Points:
        """Sample maps at points.

        Args:
            where: (N, P, 2) in [0, 1].
            logits: (N, Q, h, w).
            masks: (N, M, H, W) in {0, 1}.
            ignored: (N, 1, H, W) in {0, 1}.
        """
        weight = 1 - sample(ignored, where)
        # Ignored pixels belong to no mask; without them the target would fall off towards them.
        target = (sample(masks, where) / weight.clamp_min(1e-6)).clamp(0, 1)
        return cls(sample(logits, where), target, weight)
