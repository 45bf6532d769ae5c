"""Strips of one width, stacked on white paper: what panels and galleries are made of."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from trashseg.pictures.fonts import INK, PAPER, Color, drawable, fit, text_width, write
from trashseg.pictures.overlay import Mask, Picture


def blank(height: int, width: int, color: Color = PAPER) -> Picture:
    """Return an empty picture."""
    return np.full((height, width, 3), color, dtype=np.uint8)


def stack(strips: Sequence[Picture], gap: int = 0) -> Picture:
    """Put strips of one width below one another, ``gap`` pixels apart."""
    space = blank(gap, strips[0].shape[1])
    return np.concatenate([part for strip in strips for part in (space, strip)][1:])


def beside(tiles: Sequence[Picture], gap: int = 0) -> Picture:
    """Put tiles of one height beside one another, ``gap`` pixels apart."""
    space = blank(tiles[0].shape[0], gap)
    return np.concatenate([part for tile in tiles for part in (space, tile)][1:], axis=1)


def framed(picture: Picture, margin: int) -> Picture:
    """Put a white margin around a picture."""
    return np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)


def centred(picture: Picture, height: int, width: int, color: Color = PAPER) -> Picture:
    """Put a picture into the middle of a tile that is at least as large."""
    tile = blank(height, width, color)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    tile[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return tile


def text_strip(
    text: str, width: int, size: int, *, second: str = "", bold: bool = False, color: Color = INK, centre: bool = False
) -> Picture:
    """Write one line, shortened to ``width``; ``second`` stands in bold at the right end and is never shortened."""
    picture = Image.new("RGB", (width, round(1.5 * size)), PAPER)
    middle = picture.height / 2
    room = width - (text_width(second, size, bold=True) + size if second else 0)
    line = fit(drawable(text), size, room, bold)
    start = width / 2 if centre else 0
    write(picture, (start, middle), line, size, ink=color, bold=bold, anchor="mm" if centre else "lm")
    write(picture, (width, middle), second, size, bold=True, anchor="rm")
    return np.asarray(picture)


def fitting_size(size: tuple[int, int], height: int, width: int) -> tuple[int, int]:
    """Return the largest (height, width) of the proportions of ``size`` that goes into a tile."""
    scale = min(height / size[0], width / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize_image(image: Picture, size: tuple[int, int]) -> Picture:
    """Resize a photograph to (height, width), averaging when it shrinks."""
    shrinks = size[0] < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized: Picture = cv2.resize(image, size[::-1], interpolation=method)
    return resized


def resize_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """Resize class ids to (height, width), taking the nearest pixel."""
    resized: Mask = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return resized
