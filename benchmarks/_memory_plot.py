"""Memory of a process while it runs, and a picture of several such curves."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from PIL import Image, ImageDraw

from trashseg.pictures.fonts import INK, PAPER, SOFT_INK, text_width, write

Curve = list[tuple[float, float]]
"""Seconds since the beginning and MB."""

_COLORS = [(31, 119, 180), (214, 90, 30), (44, 140, 60), (150, 80, 170)]
_MARGIN, _WIDTH, _HEIGHT, _SIZE = 70, 760, 300, 16


class MemoryWatch:
    """While it is open, note how much more memory the process holds than at its beginning.

    Args:
        every: seconds between two looks.
    """

    def __init__(self, every: float = 0.02) -> None:
        self.curve: Curve = []
        self._every, self._done = every, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._start, self._before = time.perf_counter(), resident_mb()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(self._every):
            self.curve.append((time.perf_counter() - self._start, resident_mb() - self._before))


def resident_mb() -> float:
    """Return the memory that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def draw_curves(path: Path, curves: Mapping[str, Curve], limit: float, title: str) -> None:
    """Write a picture of the curves over the share of their time.

    Args:
        path: the PNG.
        curves: name -> curve.
        limit: MB that a line is drawn at and that the axis reaches above.
        title: the heading.
    """
    top = 1.15 * max(limit, *(mb for curve in curves.values() for _, mb in curve))
    picture = Image.new("RGB", (_WIDTH + 2 * _MARGIN, _HEIGHT + 100 + 28 * len(curves)), PAPER)
    draw = ImageDraw.Draw(picture)
    write(picture, (_MARGIN, 16), title, 20, bold=True, anchor="lt")

    def place(share: float, mb: float) -> tuple[float, float]:
        return _MARGIN + share * _WIDTH, 56 + _HEIGHT * (1 - mb / top)

    for mb, words in ((0.0, "0 MB"), (limit, f"{limit:.0f} MB")):
        draw.line([place(0, mb), place(1, mb)], fill=SOFT_INK if mb else INK)
        write(picture, (_MARGIN - 8 - text_width(words, 13), place(0, mb)[1]), words, 13, ink=SOFT_INK, anchor="lm")
    for row, ((name, curve), color) in enumerate(zip(curves.items(), _COLORS, strict=False)):
        points = [place(seconds / curve[-1][0], mb) for seconds, mb in curve]
        draw.line(points, fill=color, width=2)
        y = 56 + _HEIGHT + 24 + 28 * row
        draw.line([(_MARGIN, y), (_MARGIN + 30, y)], fill=color, width=3)
        words = f"{name}: at most {max(mb for _, mb in curve):.0f} MB in {curve[-1][0]:.1f} s"
        write(picture, (_MARGIN + 40, y), words, _SIZE, anchor="lm")
    picture.save(path)
