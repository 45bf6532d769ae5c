"""The front of score against cost as a picture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from trashseg.pictures.fonts import INK, PAPER, SOFT_INK, Color, drawable, fit, write
from trashseg.pictures.overlay import Picture
from trashseg.ttasearch.choosing import Candidate, Choice

_MARGIN, _LEFT, _TOP, _WIDTH, _HEIGHT, _BELOW, _SIZE = 28, 84, 100, 880, 480, 76, 16
_GRID, _CLOUD, _FRONT, _CHOSEN = (225, 225, 225), (190, 200, 212), (31, 119, 180), (214, 39, 40)
_FINE = 3
"""What is drawn is drawn this many times larger and reduced: Pillow smooths no edges."""


@dataclass(frozen=True)
class Axes:
    """Where costs (on a logarithmic scale) and scores lie in the drawing.

    Args:
        costs: the smallest and the largest.
        scores: the same.
    """

    costs: tuple[float, float]
    scores: tuple[float, float]

    @classmethod
    def of(cls, costs: Sequence[float], scores: Sequence[float]) -> Axes:
        """Return axes that hold all points, with a little room around them."""
        room = max(0.05 * (max(scores) - min(scores)), 1e-4)
        return cls((min(costs) / 1.15, max(costs) * 1.15), (min(scores) - room, max(scores) + room))

    def point(self, cost: float, score: float) -> tuple[float, float]:
        """Return x and y in pixels of the drawing."""
        across = math.log(cost / self.costs[0]) / math.log(self.costs[1] / self.costs[0])
        up = (score - self.scores[0]) / (self.scores[1] - self.scores[0])
        return across * _WIDTH, (1 - up) * _HEIGHT


def front_picture(choice: Choice, names: Sequence[str]) -> Picture:
    """Draw every scored subset as a dot, the front as a line with the intervals of its gains, the chosen one ringed.

    Args:
        choice: the result.
        names: of the views.

    Returns:
        The picture, uint8, RGB, on white.
    """
    ends = [
        choice.plain.miou + end
        for each in choice.front
        for end in (each.gain.low, each.gain.high)
        if not math.isnan(end)
    ]
    axes = Axes.of([cost for cost, _ in choice.points], [*(each.miou for each in choice.front), *ends])
    picture = Image.new("RGB", (_LEFT + _WIDTH + _MARGIN, _TOP + _HEIGHT + _BELOW), PAPER)
    _words(picture, choice, names)
    _grid(picture, axes)
    drawn = _drawn(axes, choice)
    picture.paste(drawn, (_LEFT, _TOP), drawn)
    return np.asarray(picture)


def _words(picture: Image.Image, choice: Choice, names: Sequence[str]) -> None:
    """Write heading, note and axes' names."""
    chosen, room = choice.chosen, picture.width - 2 * _MARGIN
    price = f"{len(chosen.subset)} for the price of {chosen.cost:.3g}"
    title = f"Views for test-time augmentation: {'the plain one alone' if chosen is choice.plain else price}"
    note = f"chosen (ringed): {', '.join(names[i] for i in chosen.subset)}"
    write(picture, (_MARGIN, _MARGIN), fit(drawable(title), 22, room, bold=True), 22, bold=True, anchor="lt")
    write(picture, (_MARGIN, _MARGIN + 32), fit(drawable(note), _SIZE, room), _SIZE, ink=SOFT_INK, anchor="lt")
    legend = (
        "mIoU against passes at the network's size; grey: every subset; blue: the front; lines: intervals of its gain"
    )
    write(picture, (_LEFT, _TOP + _HEIGHT + 44), legend, _SIZE - 2, ink=SOFT_INK, anchor="lt")


def _grid(picture: Image.Image, axes: Axes) -> None:
    """Draw lines and numbers of both axes."""
    draw = ImageDraw.Draw(picture)
    for score in _ticks(*axes.scores):
        y = _TOP + axes.point(axes.costs[0], score)[1]
        draw.line((_LEFT, y, _LEFT + _WIDTH, y), fill=_GRID)
        write(picture, (_LEFT - 10, y), f"{score:.4f}", _SIZE - 2, ink=SOFT_INK, anchor="rm")
    for power in range(math.ceil(math.log2(axes.costs[0])), math.floor(math.log2(axes.costs[1])) + 1):
        x = _LEFT + axes.point(2.0**power, axes.scores[0])[0]
        draw.line((x, _TOP, x, _TOP + _HEIGHT), fill=_GRID)
        write(picture, (x, _TOP + _HEIGHT + 8), f"{2.0**power:g}", _SIZE - 2, ink=SOFT_INK, anchor="mt")


def _ticks(low: float, high: float) -> list[float]:
    """Return four to ten round numbers between two ends."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    step = next(step * factor for factor in (1, 2, 5) if (high - low) / (step * factor) <= 10)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _drawn(axes: Axes, choice: Choice) -> Image.Image:
    """Return dots, lines and the ring on nothing; what lies outside the axes is cut off."""
    large = Image.new("RGBA", (_WIDTH * _FINE, _HEIGHT * _FINE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(large)
    for point in choice.points:
        _dot(draw, axes.point(*point), 1.5, _CLOUD)
    draw.line(_rising(axes, choice.front), fill=(*_FRONT, 120), width=2 * _FINE)
    for candidate in choice.front:
        _whisker(draw, axes, candidate, choice.plain.miou)
        _dot(draw, axes.point(candidate.cost, candidate.miou), 5, _FRONT)
    x, y = (_FINE * value for value in axes.point(choice.chosen.cost, choice.chosen.miou))
    reach = 11 * _FINE
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=(*_CHOSEN, 255), width=3 * _FINE)
    return large.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)


def _rising(axes: Axes, front: Sequence[Candidate]) -> list[tuple[float, float]]:
    """Return the front without the plain view where that is not on it."""
    best = itertools.accumulate((each.miou for each in front), max)
    points = [axes.point(each.cost, each.miou) for each, most in zip(front, best, strict=True) if each.miou == most]
    return [(_FINE * x, _FINE * y) for x, y in points]


def _dot(draw: ImageDraw.ImageDraw, point: tuple[float, float], radius: float, color: Color) -> None:
    x, y, reach = (_FINE * value for value in (*point, radius))
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=(*color, 255))


def _whisker(draw: ImageDraw.ImageDraw, axes: Axes, candidate: Candidate, plain: float) -> None:
    """Draw the interval of a candidate's gain, laid onto the score of the plain view."""
    if not math.isnan(candidate.gain.low):
        ends = [axes.point(candidate.cost, plain + end) for end in (candidate.gain.low, candidate.gain.high)]
        draw.line([(_FINE * x, _FINE * y) for x, y in ends], fill=(*INK, 150), width=_FINE)
