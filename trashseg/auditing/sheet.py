"""The worst suspects on one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trashseg.auditing.audit import Suspect
from trashseg.auditing.tiles import Tiles
from trashseg.auditing.words import reason, texts
from trashseg.pictures.fonts import SOFT_INK
from trashseg.pictures.layout import beside, blank, centred, framed, stack, text_strip
from trashseg.pictures.legend import legend
from trashseg.pictures.overlay import Picture
from trashseg.types import ClassTable

NUM_WORST = 24
COLUMNS = 3

_MARGIN, _GAP, _LINE = 24, 6, 14
_HEADINGS = ("photograph", "label", "prediction")


def audit_sheet(
    worst: Sequence[tuple[Suspect, Tiles]], names: Sequence[str], table: ClassTable, side: int, title: str
) -> Picture:
    """Draw photograph, label and prediction of each suspect, three suspects a line, with the reason below.

    Args:
        worst: at least one suspect and its pictures, in the order of their ranks.
        names: of the photographs, by ``Suspect.row``.
        table: the classes.
        side: of a picture, pixels.
        title: the heading.

    Returns:
        The picture, uint8, RGB, on white; its legend holds the classes that occur.
    """
    cells = [_cell(suspect, tiles, names[suspect.row], table, side) for suspect, tiles in worst]
    columns = min(COLUMNS, len(cells))
    empty = blank(cells[0].shape[0], cells[0].shape[1])
    cells += [empty] * (-len(cells) % columns)
    lines = [beside(cells[start : start + columns], 3 * _GAP) for start in range(0, len(cells), columns)]
    width = lines[0].shape[1]
    present = frozenset().union(*(tiles.present for _, tiles in worst))
    head = text_strip(title, width, 24, bold=True)
    return framed(stack([head, *lines, legend(table, sorted(present), width, 16)], 3 * _GAP), _MARGIN)


def _cell(suspect: Suspect, tiles: Tiles, name: str, table: ClassTable, side: int) -> Picture:
    """Draw one suspect."""
    words = [texts("en")[f"picture.{key}"] for key in _HEADINGS]
    head = beside([text_strip(word, side, _LINE - 2, color=SOFT_INK, centre=True) for word in words], _GAP)
    pictures = beside([centred(np.asarray(tile), side, side) for tile in tiles[:3]], _GAP)
    width = pictures.shape[1]
    first = text_strip(f"{suspect.rank}.  {name}", width, _LINE, second=f"{suspect.score:.2f}", color=SOFT_INK)
    return stack([head, pictures, first, text_strip(reason(suspect, table), width, _LINE, bold=True)], 2)
