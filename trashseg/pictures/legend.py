"""The strip that says which colour is which class, in English and Korean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import PAPER, SOFT_INK, Color, drawable, fit, korean_or_nothing, text_width, write
from trashseg.pictures.overlay import Picture
from trashseg.types import ClassTable


@dataclass(frozen=True)
class Entry:
    """One line of a legend: the colour, or None for what is not painted, a name and a softer second text."""

    color: Color | None
    name: str
    second: str = ""


def class_entries(table: ClassTable, present: Iterable[int], values: Mapping[int, float] | None = None) -> list[Entry]:
    """Return the entries of the classes ``present``, with ``values`` (an IoU, say) behind the names."""
    entries = []
    for index in sorted({index for index in present if index < len(table)}):
        info = table.classes[index]
        words = [korean_or_nothing(info.name, info.korean)]
        if values is not None and index in values:
            words.append("-" if math.isnan(values[index]) else f"{values[index]:.2f}")
        entries.append(Entry(info.color if index else None, drawable(info.name), "  ".join(filter(None, words))))
    return entries


def legend(
    table: ClassTable,
    present: Iterable[int],
    width: int,
    size: int = 16,
    values: Mapping[int, float] | None = None,
    extra: Sequence[Entry] = (),
) -> Picture:
    """Draw a legend of the classes that occur.

    Args:
        table: the classes.
        present: the ids to be shown; ids outside the table, such as ``IGNORE_INDEX``, are passed over.
        width: the width of the picture in pixels.
        size: the size of the letters in pixels.
        values: a number for a class, shown with two decimals, NaN as a dash.
        extra: further entries, in rows of their own.

    Returns:
        The picture (H, width, 3), uint8, RGB, on white, as high as it needs to be.
    """
    groups = [group for group in (class_entries(table, present, values), list(extra)) if group]
    cell = min(width, max((_entry_width(entry, size) for group in groups for entry in group), default=width))
    columns = max(1, (width + _gap(size)) // (cell + _gap(size)))
    pitch = round(1.75 * size)
    rows = sum(math.ceil(len(group) / columns) for group in groups)
    picture = Image.new("RGB", (width, max(1, rows * pitch)), PAPER)
    top = 0
    for group in groups:
        for number, entry in enumerate(group):
            left = number % columns * (cell + _gap(size))
            _draw_entry(picture, entry, (left, top + number // columns * pitch), cell, size)
        top += math.ceil(len(group) / columns) * pitch
    return np.asarray(picture)


def _gap(size: int) -> int:
    """Return the space between two columns."""
    return 2 * size


def _swatch(size: int) -> int:
    """Return the width of the colour and the space after it."""
    return round(1.6 * size) + size // 2


def _entry_width(entry: Entry, size: int) -> int:
    """Return the width that an entry needs."""
    second = text_width(entry.second, size) + size // 2 if entry.second else 0
    return _swatch(size) + text_width(entry.name, size) + second + 1


def _draw_entry(picture: Image.Image, entry: Entry, corner: tuple[int, int], width: int, size: int) -> None:
    """Draw the colour, the name and the second text from ``corner`` (left, top) on."""
    draw = ImageDraw.Draw(picture)
    left, top = corner
    middle = top + round(1.75 * size) // 2
    box = (left, middle - size // 2, left + round(1.6 * size) - 1, middle + size // 2)
    draw.rectangle(box, fill=entry.color or PAPER, outline=None if entry.color else (190, 190, 190))
    if entry.color is None:
        draw.line((box[0], box[3], box[2], box[1]), fill=(190, 190, 190))
    left += _swatch(size)
    name = fit(entry.name, size, width - _swatch(size))
    write(picture, (left, middle), name, size)
    left += text_width(name, size) + size // 2
    room = corner[0] + width - left
    write(picture, (left, middle), fit(entry.second, size, room), size, ink=SOFT_INK)
