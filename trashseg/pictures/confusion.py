"""The confusion matrix as a heat map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import INK, PAPER, SOFT_INK, drawable, fit, korean_or_nothing, text_width, write
from trashseg.pictures.overlay import Picture
from trashseg.types import ClassTable

_LOW, _HIGH = np.array((247, 250, 255.0)), np.array((8, 69, 148.0))
_EMPTY, _LINE, _FRAME = (238, 238, 238), (255, 255, 255), (34, 34, 34)
_MARGIN, _CELL, _SIZE = 28, 62, 17
_NAME_MAX = 190


@dataclass(frozen=True)
class _Plan:
    """Where things go: the grid's left and top edge, the cell's side and the number of classes."""

    left: int
    top: int
    cell: int
    count: int

    @property
    def right(self) -> int:
        return self.left + self.count * self.cell

    @property
    def bottom(self) -> int:
        return self.top + self.count * self.cell


def confusion_picture(matrix: npt.NDArray[np.int64], table: ClassTable, title: str) -> Picture:
    """Draw how each class's true pixels were predicted, in per cent of the row.

    The right-hand columns give each class's share of all pixels and its IoU. Classes without true pixels are
    greyed and say so.

    Args:
        matrix: counts (K, K), int64; rows are the truth, columns the prediction.
        table: the K classes.
        title: the heading.

    Returns:
        The picture, uint8, RGB, on white.

    Raises:
        ValueError: the matrix does not have the table's size.
    """
    if matrix.shape != (len(table), len(table)):
        raise ValueError(f"the matrix is {matrix.shape}; the table has {len(table)} classes")
    names = _names_width(table)
    cell = _CELL if len(table) <= 20 else 44
    plan = _Plan(_MARGIN + names + 14, _MARGIN + 60 + names + 34, cell, len(table))
    picture = Image.new("RGB", (plan.right + 2 * 84 + _MARGIN, plan.bottom + 46 + _MARGIN), PAPER)
    heading = fit(drawable(title), 24, picture.width - 2 * _MARGIN, bold=True)
    write(picture, (_MARGIN, _MARGIN), heading, 24, bold=True, anchor="lt")
    _draw_names(picture, plan, table, matrix.sum(axis=1) == 0)
    _draw_cells(picture, plan, matrix)
    _draw_sums(picture, plan, matrix)
    return np.asarray(picture)


def row_percent(matrix: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return each row in per cent of its sum (K, K), 0..100; NaN throughout where a row is empty."""
    sums = matrix.sum(axis=1, keepdims=True).astype(np.float64)
    percent: npt.NDArray[np.float64] = np.full(matrix.shape, np.nan)
    np.divide(100.0 * matrix, sums, out=percent, where=sums > 0)
    return percent


def _names_width(table: ClassTable) -> int:
    """Return the room that the longest class name needs."""
    return min(_NAME_MAX, max(text_width(drawable(name), _SIZE) for name in table.names))


def _draw_names(picture: Image.Image, plan: _Plan, table: ClassTable, empty: npt.NDArray[np.bool_]) -> None:
    """Write the names on both axes, Korean below English on the left, and what the axes are."""
    right = plan.left - 14
    for index, info in enumerate(table.classes):
        middle = plan.top + index * plan.cell + plan.cell // 2
        name = fit(drawable(info.name), _SIZE, right - _MARGIN)
        second = "no pixels" if empty[index] else korean_or_nothing(info.name, info.korean)
        shift = 10 if second else 0
        write(picture, (right, middle - shift), name, _SIZE, ink=SOFT_INK if empty[index] else INK, anchor="rm")
        write(picture, (right, middle + shift + 1), second, _SIZE - 3, ink=SOFT_INK, anchor="rm")
        _draw_upright(picture, (plan.left + index * plan.cell + plan.cell // 2, plan.top - 10), name)
    write(picture, (right, plan.top - 12), "Truth", _SIZE, bold=True, anchor="rs")
    where = (plan.left, _MARGIN + 60)
    write(picture, where, "Prediction, % of the true pixels", _SIZE, bold=True, anchor="ls")


def _draw_upright(picture: Image.Image, foot: tuple[int, int], text: str) -> None:
    """Write text from ``foot`` (centre, bottom) upwards."""
    tile = Image.new("RGB", (text_width(text, _SIZE) + 2, 2 * _SIZE), PAPER)
    write(tile, (1, _SIZE), text, _SIZE)
    turned = tile.transpose(Image.Transpose.ROTATE_90)
    picture.paste(turned, (foot[0] - turned.width // 2, foot[1] - turned.height))


def _draw_cells(picture: Image.Image, plan: _Plan, matrix: npt.NDArray[np.int64]) -> None:
    """Fill the cells and write the per cents, in white where the cell is dark."""
    draw, size = ImageDraw.Draw(picture), _SIZE if plan.cell == _CELL else _SIZE - 3
    for (row, column), value in np.ndenumerate(row_percent(matrix)):
        left, top = plan.left + column * plan.cell, plan.top + row * plan.cell
        share = 0.0 if np.isnan(value) else value / 100
        shade = tuple(int(part) for part in np.rint(_LOW + (_HIGH - _LOW) * share**0.7))
        box = (left, top, left + plan.cell - 1, top + plan.cell - 1)
        framed = row == column and not np.isnan(value)
        draw.rectangle(box, fill=_EMPTY if np.isnan(value) else shade, outline=_FRAME if framed else _LINE)
        middle = (left + plan.cell / 2, top + plan.cell / 2)
        words = cell_text(value, int(matrix[row, column]))
        write(picture, middle, words, size, ink=PAPER if share > 0.4 else INK, bold=row == column, anchor="mm")


def cell_text(value: float, count: int) -> str:
    """Return what a cell says: nothing for no pixel, and never 0 or 100 where that is only rounding."""
    if not count:
        return ""
    if value < 0.5:
        return "<1"
    return ">99" if 99.5 <= value < 100 else f"{value:.0f}"


def _draw_sums(picture: Image.Image, plan: _Plan, matrix: npt.NDArray[np.int64]) -> None:
    """Write each class's share of the pixels and its IoU to the right of its row, and the mean below."""
    truth, hits = matrix.sum(axis=1), matrix.diagonal()
    union = truth + matrix.sum(axis=0) - hits
    shares, ious = 100.0 * truth / max(int(matrix.sum()), 1), hits / np.maximum(union, 1)
    columns = plan.right + 84 - 10, plan.right + 2 * 84 - 10
    for x, word in zip(columns, ("Pixels", "IoU"), strict=True):
        write(picture, (x, plan.top - 12), word, _SIZE, bold=True, anchor="rs")
    for index in np.flatnonzero(union).tolist():
        middle = plan.top + index * plan.cell + plan.cell // 2
        share = f"{shares[index]:.1f} %" if shares[index] >= 0.05 or not truth[index] else "<0.1 %"
        write(picture, (columns[0], middle), share, _SIZE, ink=SOFT_INK, anchor="rm")
        write(picture, (columns[1], middle), f"{ious[index]:.3f}", _SIZE, anchor="rm")
    mean = f"{ious[union > 0].mean():.3f}" if union.any() else "-"
    write(picture, (columns[0], plan.bottom + 24), "mIoU", _SIZE, bold=True, anchor="rm")
    write(picture, (columns[1], plan.bottom + 24), mean, _SIZE, bold=True, anchor="rm")
