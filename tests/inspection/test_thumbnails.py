"""Windows lie in the photograph, and pictures show what is in them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from trashseg.inspection.gallery import path_data
from trashseg.inspection.thumbnails import View, Window, around, thumbnails, whole
from trashseg.types import DataError


@pytest.mark.parametrize("size", [(100, 300), (300, 100), (2000, 1500)])
def test_the_window_holds_the_box_and_lies_in_the_photograph(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        low, high = np.sort(rng.uniform(0, 1, (2, 2)), axis=0) * size[::-1]
        window = around(np.array([*low, *high]), size)
        assert window.left >= 0
        assert window.top >= 0
        assert window.left + window.width <= size[1]
        assert window.top + window.height <= size[0]
        assert window.left <= np.ceil(low[0])
        assert window.left + window.width >= np.floor(high[0])
        assert window.top <= np.ceil(low[1])
        assert window.top + window.height >= np.floor(high[1])
        assert max(window.width, window.height) >= 0.16 * max(size)


def test_a_box_outside_is_shown_at_the_border() -> None:
    assert around(np.array([-50.0, 20, -10, 30]), (100, 100)) == Window(0, 16, 18, 18)


@pytest.mark.parametrize("factor", [1, 2, 9])
def test_a_picture_shows_its_window(tmp_path: Path, factor: int) -> None:
    # Red grows to the right and green downwards, so that a picture's colours tell where it was cut.
    x, y = np.meshgrid(np.linspace(0, 255, 320 * factor), np.linspace(0, 255, 240 * factor))
    photograph = np.stack([np.zeros_like(x), y, x], 2).astype(np.uint8)
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), photograph, [cv2.IMWRITE_JPEG_QUALITY, 98])
    size = photograph.shape[:2]
    window = Window(80 * factor, 60 * factor, 160 * factor, 120 * factor)
    for view, spans in ((View(path, size, whole(size)), (0, 255)), (View(path, size, window), (64, 191))):
        (jpeg,) = thumbnails([view], 64)
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).astype(float)
        assert picture.shape == (48, 64, 3)
        for values, steps in ((picture[..., 2].mean(0), 64), (picture[..., 1].mean(1), 48)):
            middles = spans[0] + (np.arange(steps) + 0.5) / steps * (spans[1] - spans[0])
            np.testing.assert_allclose(values, middles, atol=6)


def test_a_window_of_a_shrunken_photograph() -> None:
    window = Window(100, 50, 100, 50)
    assert window.rescaled((100, 200), (100, 200)) is window
    assert window.rescaled((100, 200), (50, 100)) == Window(50, 25, 50, 25)
    assert Window(1000, 999, 3, 1).rescaled((1000, 2000), (10, 20)) == Window(10, 9, 1, 1)


def test_a_photograph_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg cannot be read any more"):
        thumbnails([View(tmp_path / "gone.jpg", (9, 9), whole((9, 9)))], 32)


def test_outlines_are_polygons_within_the_tolerance() -> None:
    rng = np.random.default_rng(1)
    turns = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    rings = [
        np.stack([60 + r * np.cos(turns), 70 + r * np.sin(turns)], 1) + rng.normal(0, 0.05, (400, 2)) for r in (30, 5)
    ]
    text = path_data(rings, 4.0)
    assert len(text) < 1000, "far fewer points than there were"
    painted = np.zeros((600, 600), np.uint8)
    for piece in text.split("z")[:-1]:
        start, steps = piece.removeprefix("M").split("l")
        points = np.cumsum([np.array(pair.split(), int) for pair in [start, *_pairs(steps)]], axis=0)
        cv2.fillPoly(painted, [points.astype(np.int32)], 1)
    wanted = cv2.fillPoly(np.zeros((600, 600), np.uint8), [np.rint(4 * rings[0]).astype(np.int32)], 1)
    assert (painted != wanted).sum() < 3 * 2 * np.pi * 120, "no further than about three units off"


def _pairs(text: str) -> list[str]:
    numbers = text.split()
    return [f"{x} {y}" for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
