"""Move pixels by one map of coordinates: the image between its pixels, the mask by the nearest one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Fill = float | tuple[float, ...]


class Bend(NamedTuple):
    """A smooth displacement in pixels: ``rows @ x @ columns`` across and ``rows @ y @ columns`` down.

    ``rows`` is (H, k), ``columns`` (m, W), ``x`` and ``y`` (k, m), all float32: two thin matrices around a small one.
    """

    rows: Floats
    x: Floats
    y: Floats
    columns: Floats


def coordinates(shape: tuple[int, int], matrix: Matrix, bend: Bend | None = None) -> tuple[Floats, Floats]:
    """Return where the pixels of the result lie in the picture, as (x, y), each (H, W) float32.

    Every pixel is displaced by ``bend``, then carried into the picture by ``matrix``. Both are sums of few products
    of a column and a row, so that one thin matrix product makes the whole map.

    Args:
        shape: (H, W) of the result.
        matrix: (2, 3), from (x, y, 1) of the result to (x, y) of the picture.
        bend: the displacement, or None.
    """
    height, width = shape
    x, one = np.arange(width, dtype=np.float32), np.ones(width, np.float32)
    left = np.stack([np.ones(height, np.float32), np.arange(height, dtype=np.float32)], axis=1)
    if bend is not None:
        left = np.hstack([left, bend.rows])
    maps = []
    for across, down, shift in matrix.astype(np.float32):
        right = np.stack([across * x + shift, down * one])
        if bend is not None:
            right = np.vstack([right, (across * bend.x + down * bend.y) @ bend.columns])
        maps.append(left @ right)
    return maps[0], maps[1]


def remap(
    picture: Array, map_x: Floats, map_y: Floats, interpolation: int, border_mode: int = 0, fill: Fill = 0
) -> Array:
    """Return the picture (H', W'[, 3]) sampled at the coordinates of :func:`coordinates`, uint8.

    Args:
        picture: an image or a mask.
        map_x: (H, W), the column of each pixel.
        map_y: (H, W), the row of each pixel.
        interpolation: of OpenCV.
        border_mode: of OpenCV; 0 (``cv2.BORDER_CONSTANT``) puts ``fill`` where a pixel lies outside.
        fill: one value, or one a channel.
    """
    value = (fill,) * 4 if isinstance(fill, int | float) else fill

    def moved(array: Array) -> Array:
        result = cv2.remap(array, map_x, map_y, interpolation=interpolation, borderMode=border_mode, borderValue=value)
        return np.asarray(result, np.uint8)

    return through_four(picture, moved)


def through_four(picture: Array, move: Callable[[Array], Array]) -> Array:
    """Return ``move(picture)``; an RGB image goes with a fourth channel.

    OpenCV's warps have vector code for four channels and none for three: the detour is the shorter way.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        return move(picture)
    return np.asarray(cv2.cvtColor(move(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)), cv2.COLOR_RGBA2RGB), np.uint8)
