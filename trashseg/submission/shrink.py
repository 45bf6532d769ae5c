"""A prediction at the photograph's size made into the submission's small map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from trashseg.maps import most_probable
from trashseg.submission.codec import Map

SIDE = 256
"""Height and width of a submission's maps."""


def nearest_pixels(size: tuple[int, ...], side: int = SIDE) -> tuple[npt.NDArray[np.int64], ...]:
    """Return which rows and columns, (side,) each, of a map of ``size`` (height, width) :func:`shrink_map` takes.

    They are floor(i * length / side), the top left pixel of each 2x2 block of a 512 map: what the competition's
    official notebook gets from ``albumentations.Resize`` (OpenCV's INTER_NEAREST).
    """
    return tuple(np.arange(side) * length // side for length in size)


def shrink_map(pred: Map, side: int = SIDE) -> Map:
    """Shrink a class map to a square by taking single pixels, as the competition does.

    Args:
        pred: class ids (H, W), uint8, of any size.
        side: height and width of the result.

    Returns:
        Class ids (side, side), uint8.
    """
    rows, columns = nearest_pixels(pred.shape, side)
    picked: Map = pred[rows[:, None], columns]
    return picked


def shrink_max_id(pred: Map, side: int = SIDE) -> Map:
    """Shrink like :func:`shrink_map`, but to the largest id of each block: a habit of many entries, for comparison.

    It favours high ids at borders.
    """
    rows, columns = nearest_pixels(pred.shape, side)
    blocks: Map = np.maximum.reduceat(np.maximum.reduceat(pred, rows, axis=0), columns, axis=1)
    return blocks


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
