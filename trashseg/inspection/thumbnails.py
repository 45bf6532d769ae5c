"""Small pictures for the page: whole photographs and the surroundings of an object."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.threads import in_threads
from trashseg.types import DataError

Picture = npt.NDArray[np.uint8]

QUALITY = 62
"""Of the JPEGs."""

_DECODERS = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
_CONTEXT, _LEAST = 1.8, 0.16


class Window(NamedTuple):
    """A part of a photograph in pixels."""

    left: int
    top: int
    width: int
    height: int

    def rescaled(self, old: tuple[int, int], new: tuple[int, int]) -> Window:
        """Return the same part where a photograph of ``old`` (height, width) was shrunk to ``new``."""
        if old == new:
            return self
        y, x = new[0] / old[0], new[1] / old[1]
        left, top = math.floor(self.left * x), math.floor(self.top * y)
        return Window(left, top, max(1, round(self.width * x)), max(1, round(self.height * y)))


class View(NamedTuple):
    """What a thumbnail shows: a window of a file that holds a photograph of ``size`` (height, width)."""

    path: Path
    size: tuple[int, int]
    window: Window


def whole(size: tuple[int, int]) -> Window:
    """Return the window of all of a photograph of ``size`` (height, width)."""
    return Window(0, 0, size[1], size[0])


def around(box: npt.NDArray[np.float64], size: tuple[int, int]) -> Window:
    """Return the square around ``box`` (left, top, right, bottom; pixels), with room and moved into the photograph.

    It is 1.8 times as long as the box and at least 0.16 of the photograph's longer side, so that one sees where it is.
    """
    frame = np.array([size[1], size[0]])
    low, high = np.clip(box.reshape(2, 2), 0, frame)
    side = max(_CONTEXT * float((high - low).max()), _LEAST * max(size))
    reach = np.minimum(np.ceil(side), frame).astype(int)
    start = np.clip((low + high - reach) / 2, 0, frame - reach).astype(int)
    return Window(*start.tolist(), *reach.tolist())


def thumbnails(views: Sequence[View], side: int) -> list[bytes]:
    """Return a JPEG of each view, the longer side ``side`` pixels.

    Raises:
        DataError: a photograph cannot be read any more.
    """
    return list(in_threads(lambda view: _thumbnail(view, side), views))


def data_uri(jpeg: bytes) -> str:
    """Return the JPEG as an address that holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def _thumbnail(view: View, side: int) -> bytes:
    """Return one JPEG."""
    image = _decode(view, side)
    left, top, width, height = view.window.rescaled(view.size, (image.shape[0], image.shape[1]))
    cut = image[top : top + height, left : left + width]
    factor = side / max(cut.shape[:2])
    shape = [max(1, round(length * factor)) for length in (cut.shape[1], cut.shape[0])]
    small = cv2.resize(cut, shape, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return bytes(cv2.imencode(".jpg", small, options)[1])


def _decode(view: View, side: int) -> Picture:
    """Return the photograph (H, W, 3), BGR, halved by the decoder as often as the thumbnail keeps its resolution."""
    longer = max(view.window.width, view.window.height)
    factor = next((factor for factor in _DECODERS if longer / factor >= side), 1)
    try:
        data = np.fromfile(view.path, np.uint8)
        image: Picture | None = cv2.imdecode(data, _DECODERS.get(factor, cv2.IMREAD_COLOR))
    except (OSError, cv2.error):
        image = None
    if image is None:
        raise DataError(f"{view.path} cannot be read any more; run the command again once it is there.")
    return image
