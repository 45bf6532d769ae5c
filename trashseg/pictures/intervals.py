"""Scores of the classes with their intervals, and what each fold says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import INK, PAPER, SOFT_INK, Color, drawable, fit, korean_or_nothing, text_width, write
from trashseg.pictures.overlay import Picture
from trashseg.types import ClassTable

_MARGIN, _HEIGHT, _WIDTH, _SIZE = 28, 46, 560, 16
_TOP, _TICKS = _MARGIN + 84, 5
_GRID, _BAR, _DOT = (225, 225, 225), (70, 70, 70), 4
_FINE = 3
"""Dots and bars are drawn this many times larger and reduced: Pillow smooths no edges."""


@dataclass(frozen=True)
class ScoreRow:
    """One score, the ends of its interval (NaN: none) and the same score in each fold; all 0..1 or NaN."""

    value: float
    low: float
    high: float
    folds: Sequence[float]


def intervals_picture(rows: Sequence[ScoreRow], mean: ScoreRow, table: ClassTable, title: str, note: str) -> Picture:
    """Draw a row a class: a coloured bar for the score, a line for its interval, a ring for every fold.

    Args:
        rows: of the K classes.
        mean: mIoU, drawn below them.
        table: the K classes.
        title: the heading.
        note: what stands below it, smaller.

    Returns:
        The picture, uint8, RGB, on white.
    """
    names = max(text_width(drawable(name), _SIZE) for name in table.names) + 16
    left, height = _MARGIN + names, (len(rows) + 1) * _HEIGHT
    size = left + _WIDTH + 110 + _MARGIN, _TOP + height + 56
    picture = Image.new("RGB", size, PAPER)
    room = size[0] - 2 * _MARGIN
    write(picture, (_MARGIN, _MARGIN), fit(drawable(title), 22, room, bold=True), 22, bold=True, anchor="lt")
    write(picture, (_MARGIN, _MARGIN + 32), fit(drawable(note), _SIZE, room), _SIZE, ink=SOFT_INK, anchor="lt")
    _axis(picture, left, height)
    colors = [info.color for info in table.classes]
    area = _drawn(rows, mean, colors)
    picture.paste(area, (left - 8, _TOP), area)
    for k, (info, row) in enumerate(zip(table.classes, rows, strict=True)):
        _words(picture, left, k, drawable(info.name), korean_or_nothing(info.name, info.korean), row)
    _words(picture, left, len(rows), "mIoU", "", mean, bold=True)
    return np.asarray(picture)


def _axis(picture: Image.Image, left: int, height: int) -> None:
    """Draw the lines of 0, .2, ... 1."""
    draw = ImageDraw.Draw(picture)
    for tick in range(_TICKS + 1):
        x = left + _WIDTH * tick / _TICKS
        draw.line((x, _TOP, x, _TOP + height), fill=_GRID, width=1)
        write(picture, (x, _TOP + height + 8), f"{tick / _TICKS:.1f}", _SIZE - 2, ink=SOFT_INK, anchor="mt")


def _drawn(rows: Sequence[ScoreRow], mean: ScoreRow, colors: Sequence[Color]) -> Image.Image:
    """Return bars, intervals and rings on nothing, 8 pixels wider than the axis on each side."""
    size = (_WIDTH + 16, (len(rows) + 1) * _HEIGHT)
    large = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(large)
    for k, (row, color) in enumerate(zip([*rows, mean], [*colors, _BAR], strict=True)):
        _draw_row(draw, row, (k + 0.5) * _HEIGHT, color)
    return large.resize(size, Image.Resampling.LANCZOS)


def _draw_row(draw: ImageDraw.ImageDraw, row: ScoreRow, y: float, color: Color) -> None:
    """Draw one score at height ``y``."""

    def box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        return (8 + x0 * _WIDTH) * _FINE, (y + y0) * _FINE, (8 + x1 * _WIDTH) * _FINE, (y + y1) * _FINE

    if np.isnan(row.value):
        return
    draw.rectangle(box(0, -9, row.value, 9), fill=(*color, 150), outline=(*color, 255), width=_FINE)
    if not np.isnan(row.low):
        draw.line(box(row.low, 0, row.high, 0), fill=(*INK, 255), width=2 * _FINE)
        for end in (row.low, row.high):
            draw.line(box(end, -6, end, 6), fill=(*INK, 255), width=2 * _FINE)
    wide = _DOT / _WIDTH
    for value in row.folds:
        if not np.isnan(value):
            draw.ellipse(
                box(value - wide, -_DOT, value + wide, _DOT),
                fill=(255, 255, 255, 230),
                outline=(*INK, 255),
                width=_FINE,
            )


def _words(
    picture: Image.Image, left: int, k: int, name: str, korean: str, row: ScoreRow, *, bold: bool = False
) -> None:
    """Write a row's name on its left and its score on its right."""
    middle = _TOP + (k + 0.5) * _HEIGHT
    write(picture, (_MARGIN, middle - (9 if korean else 0)), name, _SIZE, bold=bold)
    write(picture, (_MARGIN, middle + 10), korean, _SIZE - 3, ink=SOFT_INK)
    score = "does not occur" if np.isnan(row.value) else f"{row.value:.3f}"
    write(picture, (left + _WIDTH + 18, middle), score, _SIZE, bold=bold, ink=SOFT_INK if np.isnan(row.value) else INK)
