"""The most frequent class around each pixel of a class map."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX

Mask = npt.NDArray[np.uint8]


def mode_filter(mask: Mask, size: int) -> Mask:
    """Return the most frequent class of the ``size`` x ``size`` pixels around each pixel, clipped at the border.

    Where several are equally frequent the pixel's own class stays if it is among them, else the lowest wins. Ignored
    pixels stay as they are and decide nothing.

    Args:
        mask: class ids (H, W), uint8, or ``IGNORE_INDEX``.
        size: odd, at most 15.
    """
    return np.where(mask == IGNORE_INDEX, mask, most_frequent(mask, classes_in(mask), size))


def classes_in(mask: Mask) -> list[int]:
    """Return the classes of ``mask``, in ascending order, without ``IGNORE_INDEX``."""
    return [value for value in np.unique(mask).tolist() if value != IGNORE_INDEX]


def most_frequent(mask: Mask, values: Sequence[int], size: int) -> Mask:
    """Return which of ``values``, given in ascending order, is most frequent around each pixel; its own where none."""
    best, most = mask.copy(), np.zeros(mask.shape, np.uint8)
    for value in values:
        here = (mask == value).astype(np.uint8)
        # Zeros beyond the border: what is not there does not vote.
        count = cv2.boxFilter(here, -1, (size, size), normalize=False, borderType=cv2.BORDER_CONSTANT)
        better = (count > most) | ((count == most) & (count > 0) & (here == 1))
        best[better], most[better] = value, count[better]
    return best
