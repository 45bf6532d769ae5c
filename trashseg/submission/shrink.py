"""A class map at the photograph's size made into the submission's small map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
