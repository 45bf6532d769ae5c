"""How evenly a split spreads the classes, as a coloured table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import INK, PAPER, SOFT_INK, Color, drawable, fit, korean_or_nothing, text_width, write
from trashseg.pictures.overlay import Picture
from trashseg.types import ClassTable

_FEW, _EVEN, _MANY, _EMPTY = (33, 102, 172), (255, 255, 255), (202, 82, 32), (238, 238, 238)
_STRONGEST = 0.5
"""The relative deviation, up or down, that has the full colour."""

_MARGIN, _WIDTH, _HEIGHT, _GAP, _SIZE = 28, 66, 40, 26, 16
_TOP = _MARGIN + 112


@dataclass(frozen=True, eq=False)
class FoldTable:
    """One table of a split: a title, what stands in the cells of K classes and P parts, and their colours.

    ``texts`` has K rows of P; ``deviations`` (P, K) are relative to the part's share: 0.1 is 10 % too much, NaN stands
    where a class does not occur.
    """

    title: str
    texts: Sequence[Sequence[str]]
    deviations: npt.NDArray[np.float64]


def folds_picture(tables: Sequence[FoldTable], parts: Sequence[str], classes: ClassTable, title: str) -> Picture:
    """Draw tables of one split beside each other: a row a class, a column a part, too little blue, too much orange.

    Args:
        tables: of P parts and K classes.
        parts: the P names.
        classes: the K classes.
        title: the heading.

    Returns:
        The picture, uint8, RGB, on white.
    """
    names = max(text_width(drawable(name), _SIZE) for name in classes.names) + 14
    block = len(parts) * _WIDTH + _GAP
    size = 2 * _MARGIN + names + len(tables) * block - _GAP, _TOP + len(classes) * _HEIGHT + _MARGIN
    picture = Image.new("RGB", (max(size[0], 560), size[1]), PAPER)
    room = picture.width - 2 * _MARGIN
    write(picture, (_MARGIN, _MARGIN), fit(drawable(title), 22, room, bold=True), 22, bold=True, anchor="lt")
    note = f"blue: less than its share, orange: more; full colour from {_STRONGEST:.0%} on"
    write(picture, (_MARGIN, _MARGIN + 32), fit(note, _SIZE, room), _SIZE, ink=SOFT_INK, anchor="lt")
    _write_names(picture, classes)
    for number, table in enumerate(tables):
        _draw_table(picture, _MARGIN + names + number * block, table, parts)
    return np.asarray(picture)


def cell_color(deviation: float) -> Color:
    """Return the colour of a cell; grey for NaN."""
    if np.isnan(deviation):
        return _EMPTY
    strength = min(abs(deviation) / _STRONGEST, 1.0)
    end = np.array(_MANY if deviation > 0 else _FEW)
    red, green, blue = np.rint(_EVEN + (end - _EVEN) * strength).astype(int).tolist()
    return red, green, blue


def _write_names(picture: Image.Image, classes: ClassTable) -> None:
    """Write the names of the classes, Korean below English."""
    for k, info in enumerate(classes.classes):
        middle = _TOP + k * _HEIGHT + _HEIGHT // 2
        second = korean_or_nothing(info.name, info.korean)
        write(picture, (_MARGIN, middle - (9 if second else 0)), drawable(info.name), _SIZE)
        write(picture, (_MARGIN, middle + 9), second, _SIZE - 3, ink=SOFT_INK)


def _draw_table(picture: Image.Image, left: int, table: FoldTable, parts: Sequence[str]) -> None:
    """Draw one table from ``left`` on."""
    draw = ImageDraw.Draw(picture)
    write(picture, (left, _TOP - 30), table.title, _SIZE, bold=True, anchor="ls")
    for (part, k), deviation in np.ndenumerate(table.deviations):
        x, y = left + part * _WIDTH, _TOP + k * _HEIGHT
        color = cell_color(float(deviation))
        draw.rectangle((x, y, x + _WIDTH - 2, y + _HEIGHT - 2), fill=color, outline=(225, 225, 225))
        ink = PAPER if sum(color) < 380 else INK
        text = "" if np.isnan(deviation) else table.texts[k][part]
        write(picture, (x + _WIDTH / 2, y + _HEIGHT / 2), text, _SIZE - 2, ink=ink, anchor="mm")
    for part, name in enumerate(parts):
        write(picture, (left + (part + 0.5) * _WIDTH, _TOP - 8), name, _SIZE - 2, ink=SOFT_INK, anchor="ms")
