"""Probabilities at a photograph's size made into the submission's small class map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from trashseg.maps import most_probable
from trashseg.submission.codec import Map
from trashseg.submission.shrink import SIDE, shrink_map, shrink_max_id


def shrink_probs(probs: torch.Tensor | npt.NDArray[np.floating], side: int = SIDE) -> Map:
    """Average probabilities over the area of each small pixel, then take the most probable class.

    Args:
        probs: probabilities (K, H, W), floating, of any size and on any device.
        side: height and width of the result.

    Returns:
        Class ids (side, side), uint8.
    """
    values = torch.as_tensor(probs).detach().float()
    height, width = values.shape[-2:]
    if height % side == 0 and width % side == 0:
        small = functional.avg_pool2d(values, (height // side, width // side))
    else:
        small = _area_weights(height, side, values) @ values @ _area_weights(width, side, values).T
    return most_probable(small)


SHRINKS: dict[str, Callable[[torch.Tensor], Map]] = {
    "nearest": lambda probs: shrink_map(most_probable(probs)),
    "area": shrink_probs,
    "max_id": lambda probs: shrink_max_id(most_probable(probs)),
}
"""Ways to make the class map (256, 256) of a photograph's probabilities (K, H, W)."""


def _area_weights(length: int, side: int, like: torch.Tensor) -> torch.Tensor:
    """Return (side, length) weights: the share of small pixel i that lies on pixel j; each row sums to 1."""
    edges = torch.arange(side + 1, dtype=torch.float64) * length / side
    pixels = torch.arange(length, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (overlap.clamp_min(0) * side / length).to(like)
