"""A contact sheet: the same photograph in many forms, a row a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trashseg.pictures.fonts import SOFT_INK
from trashseg.pictures.layout import (
    beside,
    blank,
    centred,
    fitting_size,
    framed,
    resize_image,
    resize_mask,
    stack,
    text_strip,
)
from trashseg.pictures.legend import legend
from trashseg.pictures.overlay import Mask, Picture, blend
from trashseg.types import IGNORE_INDEX, ClassTable

ALPHA = 0.35
"""Lighter than elsewhere, since here the photograph is what one looks at."""

_MARGIN, _GAP, _LINE = 24, 8, 13


class Tile(NamedTuple):
    """One form of a photograph: its name, the image (H, W, 3) and its mask (H, W), uint8."""

    name: str
    image: Picture
    mask: Mask


def tile_picture(tile: Tile, table: ClassTable, side: int) -> Picture:
    """Return the photograph under its class colours, not larger than ``side`` pixels; proportions stay."""
    shown = fitting_size(tile.image.shape[:2], side, side)
    return blend(resize_image(tile.image, shown), resize_mask(tile.mask, shown), table, ALPHA)


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[Tile]]], table: ClassTable, title: str, side: int = 224, columns: int = 6
) -> Picture:
    """Draw every photograph's forms beside each other, ``columns`` a line, under the photograph's name.

    Args:
        rows: name of the photograph and its forms; at least one.
        table: the classes.
        title: the heading of the whole picture.
        side: of a tile in pixels.
        columns: tiles a line.

    Returns:
        The picture, uint8, RGB, on white; its legend holds the classes that occur.
    """
    columns = min(columns, max(len(tiles) for _, tiles in rows))
    width = columns * (side + _GAP) - _GAP
    parts = [text_strip(title, width, round(1.6 * _LINE), bold=True)]
    for name, tiles in rows:
        lines = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
        strips = [_line([_titled(tile, table, side) for tile in line], width) for line in lines]
        parts.append(stack([text_strip(name, width, _LINE, bold=True), *strips], _GAP))
    parts += [blank(1, width, (210, 210, 210)), legend(table, _present(rows), width, _LINE)]
    return framed(stack(parts, 2 * _GAP), _MARGIN)


def _titled(tile: Tile, table: ClassTable, side: int) -> Picture:
    heading = text_strip(tile.name, side, _LINE, color=SOFT_INK, centre=True)
    return stack([heading, centred(tile_picture(tile, table, side), side, side)], 2)


def _line(tiles: Sequence[Picture], width: int) -> Picture:
    """Put tiles beside each other and fill the line with white."""
    strip = beside(tiles, _GAP)
    return np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255)


def _present(rows: Sequence[tuple[str, Sequence[Tile]]]) -> list[int]:
    ids = {int(value) for _, tiles in rows for tile in tiles for value in np.unique(tile.mask)}
    return sorted(ids - {IGNORE_INDEX})
