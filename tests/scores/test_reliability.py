"""The reliability diagram shows what was counted."""

from __future__ import annotations

import numpy as np
import pytest

from trashseg.pictures import reliability
from trashseg.pictures.reliability import reliability_picture
from trashseg.scores import Calibration
from trashseg.types import ClassInfo, ClassTable

TABLE = ClassTable(tuple(ClassInfo(name, name, (0, 0, 0)) for name in ("Background", "Paper", "Metal")))


def counted(accuracy: float, confidence: float, size: int = 1000) -> Calibration:
    """Count predictions of Paper of one confidence, so many of them right."""
    calibration = Calibration(len(TABLE))
    target = np.where(np.arange(size) < accuracy * size, 1, 2).astype(np.uint8)
    calibration.update(np.ones(size, np.uint8), target, np.full(size, confidence, np.float32))
    return calibration


def rows(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    """Return how many rows of the large diagram show a colour."""
    left, top = reliability._MARGIN, reliability._MARGIN + 36 + reliability._GAP
    large = picture[top : top + reliability._SIDE, left : left + reliability._LEFT + reliability._SIDE]
    return int((large == color).all(2).any(1).sum())


@pytest.mark.parametrize(("accuracy", "confidence"), [(0.3, 0.7), (0.9, 0.5), (0.6, 0.6)])
def test_bars_are_as_high_as_the_accuracy_and_the_gap(accuracy: float, confidence: float) -> None:
    picture = reliability_picture(counted(accuracy, confidence), TABLE, "A title")
    side, near = reliability._SIDE, pytest.approx
    assert rows(picture, reliability._ACCURACY) == near(side * min(accuracy, confidence), abs=4)
    assert rows(picture, reliability._TOO_SURE) == near(side * max(0, confidence - accuracy), abs=4)
    assert rows(picture, reliability._TOO_SHY) == near(side * max(0, accuracy - confidence), abs=4)
    assert not rows(picture, reliability._SCALED)


def test_scaled_confidences_are_a_line_of_bins_that_say_something() -> None:
    many, few = counted(0.6, 0.6), counted(0.6, 0.6, size=10)
    assert rows(reliability_picture(many, TABLE, "", scaled=many, note="scaled"), reliability._SCALED)
    assert not rows(reliability_picture(many, TABLE, "", scaled=few, note="scaled"), reliability._SCALED)


def test_nothing_counted() -> None:
    picture = reliability_picture(Calibration(len(TABLE)), TABLE, "A title")
    assert picture.dtype == np.uint8
    assert not rows(picture, reliability._ACCURACY)
