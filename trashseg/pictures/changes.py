"""Two predictions of one photograph side by side, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from trashseg.pictures.fonts import SOFT_INK
from trashseg.pictures.layout import beside, blank, framed, stack, text_strip
from trashseg.pictures.legend import Entry, legend
from trashseg.pictures.overlay import Mask, Picture, blend
from trashseg.types import ClassTable

TILE = 320
_MARGIN, _GAP, _TEXT = 24, 10, 15
_CHANGED = (230, 50, 40)


@dataclass(frozen=True, eq=False)
class Change:
    """One photograph.

    Args:
        image: (H, W, 3), uint8, RGB; None where it is not at hand: the classes then lie on grey.
        before: class ids (H, W), uint8.
        after: class ids (H, W), uint8.
        caption: the line below.
    """

    image: Picture | None
    before: Mask
    after: Mask
    caption: str


def changes_picture(rows: Sequence[Change], table: ClassTable, title: str, names: tuple[str, str]) -> Picture:
    """Draw a row a photograph: before, after, and in red what changed, with a caption and a legend of the classes.

    Args:
        rows: at least one photograph.
        table: the classes.
        title: the heading of the whole picture.
        names: what the two predictions are called.
    """
    width = 3 * (TILE + _GAP) - _GAP
    head = beside([text_strip(word, TILE, _TEXT, color=SOFT_INK, centre=True) for word in (*names, "changed")], _GAP)
    present = sorted({int(k) for row in rows for mask in (row.before, row.after) for k in np.unique(mask)})
    strips = [_strip(row, table) for row in rows]
    parts = [
        text_strip(title, width, round(1.3 * _TEXT), bold=True),
        stack([head, stack(strips, _TEXT)], _GAP // 2),
        blank(1, width, (210, 210, 210)),
        legend(table, present, width, _TEXT, extra=[Entry(_CHANGED, "another class")]),
    ]
    return framed(stack(parts, _TEXT), _MARGIN)


def _strip(row: Change, table: ClassTable) -> Picture:
    grounds = np.full((TILE, TILE, 3), 225, np.uint8)
    if row.image is not None:
        grounds = np.asarray(cv2.resize(row.image, (TILE, TILE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    before, after = (
        np.asarray(cv2.resize(mask, (TILE, TILE), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        for mask in (row.before, row.after)
    )
    changed = np.where(
        (before != after)[..., None], np.array(_CHANGED, np.uint8), (grounds // 2 + 120).astype(np.uint8)
    )
    strip = beside([blend(grounds, before, table), blend(grounds, after, table), changed], _GAP)
    return stack([strip, text_strip(row.caption, strip.shape[1], _TEXT)], _TEXT // 4)
