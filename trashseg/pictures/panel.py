"""Photographs, truth, prediction and errors side by side."""

from __future__ import annotations

from collections.abc import Sequence

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
from trashseg.pictures.legend import Entry, legend
from trashseg.pictures.overlay import MARKS, Mask, Picture, blend, error_map
from trashseg.types import IGNORE_INDEX, ClassTable

Row = tuple[Picture, Mask | None, Mask, str]
"""A photograph (H, W, 3), its true and its predicted class ids (H, W) and its caption; all arrays uint8.

The truth is None where there are no labels. After a tab the caption may hold a score, which is set at the right.
"""

MIN_TILE, MAX_TILE = 256, 384
_MARGIN, _GAP = 24, 10
_EMPTY = (244, 244, 244)


def prediction_panel(rows: Sequence[Row], table: ClassTable, title: str, max_tile: int = MAX_TILE) -> Picture:
    """Draw one row a photograph: Photograph, Truth, Prediction, Errors, with a caption below and a legend at the end.

    Tiles are as wide as the largest photograph, within 256..``max_tile`` pixels; photographs keep their proportions.
    Truth and Errors are left out when no row has labels. The legend holds the classes that occur, in English and
    Korean.

    Args:
        rows: at least one photograph with its masks and caption; sizes may differ from row to row.
        table: the classes.
        title: the heading of the whole picture.
        max_tile: the largest side of a tile in pixels, at least 256.

    Returns:
        The picture, uint8, RGB, on white.

    Raises:
        ValueError: there is no row.
    """
    if not rows:
        raise ValueError("a panel needs at least one photograph")
    labelled = any(target is not None for _, target, _, _ in rows)
    headings = ("Photograph", "Truth", "Prediction", "Errors") if labelled else ("Photograph", "Prediction")
    tile = min(max_tile, max(MIN_TILE, *(max(image.shape[:2]) for image, *_ in rows)))
    size = min(24, max(13, round(tile / 22)))
    width = len(headings) * (tile + _GAP) - _GAP
    strips = [_row_strip(row, table, tile, size, labelled) for row in rows]
    head = beside([text_strip(word, tile, size, color=SOFT_INK, centre=True) for word in headings], _GAP)
    marks = [Entry(color, name) for name, color in MARKS] if labelled else []
    parts = [
        text_strip(title, width, round(1.4 * size), bold=True),
        stack([head, stack(strips, size)], _GAP // 2),
        blank(1, width, (210, 210, 210)),
        legend(table, _present(rows), width, size, extra=marks),
    ]
    return framed(stack(parts, size), _MARGIN)


def _row_strip(row: Row, table: ClassTable, tile: int, size: int, labelled: bool) -> Picture:
    """Draw the tiles of one photograph and its caption."""
    image, target, pred, caption = row
    shown = fitting_size(image.shape[:2], tile, tile)
    photograph, pred = resize_image(image, shown), resize_mask(pred, shown)
    tiles = [photograph, blend(photograph, pred, table)]
    if target is not None:
        target = resize_mask(target, shown)
        errors = error_map(photograph, target, pred, table)
        tiles = [photograph, blend(photograph, target, table), tiles[1], errors]
    elif labelled:
        none = centred(text_strip("no labels", shown[1], size, color=SOFT_INK, centre=True), *shown)
        none[(none == 255).all(axis=2)] = _EMPTY
        tiles = [photograph, none, tiles[1], none]
    strip = beside([centred(item, shown[0], tile) for item in tiles], _GAP)
    if not caption:
        return strip
    words, _, score = caption.partition("\t")
    return stack([strip, text_strip(words, strip.shape[1], size, second=score)], size // 4)


def _present(rows: Sequence[Row]) -> list[int]:
    """Return the ids that occur in any truth or prediction."""
    masks = [mask for _, target, pred, _ in rows for mask in (target, pred) if mask is not None]
    ids = {int(value) for mask in masks for value in np.unique(mask)}
    return sorted(ids - {IGNORE_INDEX})
