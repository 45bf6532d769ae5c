"""Where an object is laid."""

from __future__ import annotations

import cv2
import numpy as np

from trashseg.data.mix.base import Array


def place(occupied: Array, shape: Array, tries: int, keep_centre: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return (top, left) of the place that covers the fewest ``occupied`` pixels among several random ones.

    Args:
        occupied: (H, W), uint8, 255 where something lies that should not be covered, else 0.
        shape: (h, w), uint8, 255 where the object is, else 0; it lies wholly inside.
        tries: number of random places.
        keep_centre: share of the sides, 0 to 1, of the box in the middle in which the object's centre should not lie;
            a place outside it wins over any inside.
        rng: decides everything.
    """
    room = np.subtract(occupied.shape, shape.shape)
    corners = rng.integers(0, room + 1, (tries, 2))
    if keep_centre:
        away = np.abs((corners + np.divide(shape.shape, 2)) / occupied.shape - 0.5).max(1) >= keep_centre / 2
        corners = corners[away] if away.any() else corners
    best, least = (0, 0), shape.size + 1
    for top, left in corners.tolist():
        covered = cv2.countNonZero(cv2.bitwise_and(_window(occupied, top, left, shape), shape))
        if covered < least:
            best, least = (top, left), covered
        if not least:
            break
    return best


def _window(array: Array, top: int, left: int, shape: Array) -> Array:
    """Return the part of ``array`` under ``shape`` at (top, left), a view."""
    return array[top : top + shape.shape[0], left : left + shape.shape[1]]
