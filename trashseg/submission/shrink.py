"""A prediction at the photograph's size made into the submission's small map."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from trashseg.maps import most_probable
from trashseg.submission.codec import Map

Method = Literal["nearest", "max_id"]


def shrink_map(pred: Map, side: int = 256, method: Method = "nearest") -> Map:
    """Shrink a class map to a square.

    ``nearest`` takes pixel floor(i * H / side) of each axis, the top left one of each 2x2 block of a 512 map: what
    the competition's official notebook gets from ``albumentations.Resize`` (OpenCV's INTER_NEAREST). ``max_id``
    takes the largest id of each block, a habit of many entries that favours high ids at borders; for comparison.

    Args:
        pred: class ids (H, W), uint8, of any size.
        side: height and width of the result.
        method: ``nearest`` or ``max_id``.

    Returns:
        Class ids (side, side), uint8.
    """
    rows, columns = (np.arange(side) * length // side for length in pred.shape)
    if method == "nearest":
        picked: Map = pred[rows[:, None], columns]
        return picked
    if method == "max_id":
        blocks: Map = np.maximum.reduceat(np.maximum.reduceat(pred, rows, axis=0), columns, axis=1)
        return blocks
    raise ValueError(f"method is {method!r}; allowed are nearest and max_id")


def shrink_probs(probs: torch.Tensor | npt.NDArray[np.floating], side: int = 256) -> Map:
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


def _area_weights(length: int, side: int, like: torch.Tensor) -> torch.Tensor:
    """Return (side, length) weights: the share of small pixel i that lies on pixel j; each row sums to 1."""
    edges = torch.arange(side + 1, dtype=torch.float64) * length / side
    pixels = torch.arange(length, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    return (overlap.clamp_min(0) * side / length).to(like)
