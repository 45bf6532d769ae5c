"""The reliability diagram: how often a network is right when it is so sure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import PAPER, SOFT_INK, Color, write
from trashseg.pictures.layout import beside, blank, framed, stack, text_strip
from trashseg.pictures.legend import Entry, legend
from trashseg.pictures.overlay import Picture
from trashseg.scores import Calibration
from trashseg.types import ClassTable

_ACCURACY, _TOO_SURE, _TOO_SHY, _SCALED = (66, 113, 174), (226, 112, 96), (240, 186, 84), (20, 130, 80)
_GROUND, _GRID, _DIAGONAL = (246, 248, 251), (220, 225, 233), (110, 110, 110)
_SIDE, _SMALL, _STRIP = 480, 150, 90  # pixels
_LEFT, _BELOW = 52, 26  # room for the numbers at the axes
_COLUMNS, _MARGIN, _GAP, _SIZE = 4, 28, 22, 15
_LEAST = 20  # predictions; the accuracy of fewer may be anything
_FINE = 3  # shapes are drawn this many times larger and averaged down, which smooths slanted lines


class _Bins(NamedTuple):
    """Predictions by bin of confidence: their number, mean confidence and accuracy, NaN where there are none."""

    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]


def reliability_picture(
    calibration: Calibration, table: ClassTable, title: str, *, scaled: Calibration | None = None, note: str = ""
) -> Picture:
    """Draw accuracy against confidence for all predictions together and, small, for those of each class.

    Red is what the network is too sure of, yellow where it is better than it thinks. The strip below says which share
    of the pixels has which confidence.

    Args:
        calibration: the predictions.
        table: the classes.
        title: the heading.
        scaled: the same after temperature scaling, drawn as a line.
        note: what that line is.

    Returns:
        The picture, uint8, RGB, on white.
    """
    whole = _bins(calibration)
    diagram = _diagram(whole, _SIDE, None if scaled is None else _bins(scaled))
    key = [Entry(_ACCURACY, "right"), Entry(_TOO_SURE, "too sure: right less often than it thinks")]
    key += [Entry(_TOO_SHY, "not sure enough: right more often")] + [Entry(_SCALED, note)] * (scaled is not None)
    left = [_with_axes(diagram, whole), legend(table, (), _LEFT + _SIDE, _SIZE, extra=key)]
    halves = [stack(left, _GAP), _class_tiles(calibration, table)]
    height = max(half.shape[0] for half in halves)
    halves = [np.pad(half, ((0, height - len(half)), (0, 0), (0, 0)), constant_values=255) for half in halves]
    body = beside(halves, 2 * _GAP)
    return framed(stack([text_strip(title, body.shape[1], 24, bold=True), body], _GAP), _MARGIN)


def _bins(calibration: Calibration, chosen: slice = slice(None)) -> _Bins:
    """Return the bins of the ``chosen`` predicted classes together."""
    counts, hits, confidence = (
        part[chosen].sum(0) for part in (calibration.counts, calibration.hits, calibration.confidence)
    )
    some = counts > 0
    means = [np.divide(part, counts, out=np.full(len(counts), np.nan), where=some) for part in (confidence, hits)]
    return _Bins(counts, *means)


def _diagram(bins: _Bins, side: int, scaled: _Bins | None = None) -> Picture:
    """Draw a square diagram: a bar a bin up to its accuracy, and its gap to the mean confidence."""
    length = _FINE * side
    picture = Image.new("RGB", (length, length), _GROUND)
    draw = ImageDraw.Draw(picture)
    for tick in (0.2, 0.4, 0.6, 0.8):
        draw.line((0, tick * length, length, tick * length), _GRID, _FINE)
        draw.line((tick * length, 0, tick * length, length), _GRID, _FINE)
    for i in np.flatnonzero(bins.counts).tolist():
        accuracy, confidence = bins.accuracy[i], bins.confidence[i]
        _bar(draw, i, len(bins.counts), (0.0, accuracy), _ACCURACY, length)
        gap = (min(accuracy, confidence), max(accuracy, confidence))
        _bar(draw, i, len(bins.counts), gap, _TOO_SURE if confidence > accuracy else _TOO_SHY, length)
    draw.line((0, length, length, 0), _DIAGONAL, 2 * _FINE)
    if scaled is not None:
        _line(draw, scaled, length)
    return np.asarray(picture.reduce(_FINE))


def _bar(
    draw: ImageDraw.ImageDraw, i: int, num_bins: int, heights: tuple[float, float], color: Color, length: int
) -> None:
    """Fill bin ``i`` between two ``heights``, 0..1, with a thin gap to its neighbours."""
    edges = i * length / num_bins + _FINE, (i + 1) * length / num_bins - _FINE
    bottom, top = ((1 - height) * length for height in heights)
    draw.rectangle((edges[0], top, edges[1], bottom), color)


def _line(draw: ImageDraw.ImageDraw, bins: _Bins, length: int) -> None:
    """Join the points (mean confidence, accuracy) of the bins whose accuracy is more than chance."""
    chosen = bins.counts >= max(_LEAST, bins.counts.sum() / 1000)
    rates = np.stack([bins.confidence, 1 - bins.accuracy], axis=1)[chosen]
    points = [(x, y) for x, y in (length * rates).tolist()]
    if len(points) > 1:
        draw.line(points, _SCALED, 3 * _FINE, joint="curve")
    for x, y in points:
        draw.circle((x, y), 5 * _FINE, _SCALED, PAPER, _FINE)


def _with_axes(diagram: Picture, bins: _Bins) -> Picture:
    """Put the strip of shares below the diagram and write the numbers and names of the axes."""
    strip = _shares(bins)
    body = stack([diagram, blank(_BELOW, _SIDE), strip, blank(_BELOW, _SIDE)])
    picture = Image.fromarray(np.concatenate([blank(len(body), _LEFT), body], axis=1))
    for percent in range(0, 101, 20):
        x, y = _LEFT + percent / 100 * _SIDE, (1 - percent / 100) * _SIDE
        write(picture, (_LEFT - 6, min(max(y, 8), _SIDE - 8)), str(percent), _SIZE, ink=SOFT_INK, anchor="rm")
        write(picture, (min(x, _LEFT + _SIDE - 12), len(body) - 6), str(percent), _SIZE, ink=SOFT_INK, anchor="ms")
    write(picture, (_LEFT + 10, 20), "Accuracy, %", _SIZE, bold=True)
    write(picture, (_LEFT + _SIDE, _SIDE + _BELOW / 2), "Confidence, %", _SIZE, bold=True, anchor="rm")
    write(picture, (_LEFT + 10, _SIDE + _BELOW + 16), "Share of the pixels", _SIZE, bold=True)
    return np.asarray(picture)


def _shares(bins: _Bins) -> Picture:
    """Draw how the predictions spread over the bins, the fullest one at full height."""
    size = _FINE * _SIDE, _FINE * _STRIP
    picture = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(picture)
    step = size[0] / len(bins.counts)
    for i, share in enumerate(bins.counts / max(1, bins.counts.max())):
        if share:
            # A bin that is not empty can be seen.
            top = size[1] - max(share * size[1], 2 * _FINE)
            draw.rectangle((i * step + _FINE, top, (i + 1) * step - _FINE, size[1]), _DIAGONAL)
    return np.asarray(picture.reduce(_FINE))


def _class_tiles(calibration: Calibration, table: ClassTable) -> Picture:
    """Draw each class's diagram under its name and calibration error, a dash where it was never predicted."""
    tiles = []
    for k, error in enumerate(calibration.class_ece().tolist()):
        name = text_strip(table.names[k], _SMALL, 14, second="-" if np.isnan(error) else f"{error:.3f}")
        tiles.append(stack([name, _diagram(_bins(calibration, slice(k, k + 1)), _SMALL)]))
    tiles += [blank(*tiles[0].shape[:2])] * (-len(tiles) % _COLUMNS)
    rows = [beside(tiles[i : i + _COLUMNS], _GAP) for i in range(0, len(tiles), _COLUMNS)]
    heading = text_strip("By predicted class, with its calibration error", rows[0].shape[1], _SIZE, color=SOFT_INK)
    return stack([heading, *rows], _GAP // 2)
