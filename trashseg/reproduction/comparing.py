"""What two trainings logged, number by number."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SCORE = "val/miou"
NO_VALUES = ("step", "epoch")

Metrics = dict[int, dict[str, float]]
"""Step -> name -> what was logged; ``epoch``, from 0, is one of the names."""


class Deviation(NamedTuple):
    """A logged value that came out otherwise; NaN where one run did not log it."""

    step: int
    epoch: int
    name: str
    before: float
    after: float

    @property
    def size(self) -> float:
        """The absolute difference, infinite where one side is missing or no number."""
        difference = abs(self.before - self.after)
        return math.inf if math.isnan(difference) else difference

    @property
    def relative(self) -> float:
        """The difference relative to the larger of the two values."""
        return self.size / max(abs(self.before), abs(self.after)) if math.isfinite(self.size) else math.inf


@dataclass(frozen=True)
class Comparison:
    """A run beside its repetition.

    Args:
        before: what the run logged.
        after: what the repetition logged.
        deviations: where they differ, in the order of the steps; only where the run logged something, which may have
            ended earlier than its repetition.
        scores: the best score of each, NaN where there is none.
    """

    before: Metrics
    after: Metrics
    scores: tuple[float, float]
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def identical(self) -> bool:
        """Whether every value and the best score are the same to the last digit."""
        return not self.deviations and same(*self.scores)

    @property
    def num_values(self) -> int:
        """How many values were compared."""
        return sum(len(_values(row)) for row in self.before.values())

    @property
    def largest(self) -> Deviation | None:
        """The largest deviation."""
        return max(self.deviations, key=lambda each: each.size, default=None)

    def within(self, tolerance: float) -> bool:
        """Whether no epoch's mIoU differs by more than ``tolerance``; for 0, whether everything is identical."""
        if tolerance == 0:
            return self.identical
        sizes = [each.size for each in self.deviations if each.name == SCORE]
        return max([0.0, *sizes]) <= tolerance


def compare(before: Metrics, after: Metrics, scores: tuple[float, float]) -> Comparison:
    """Compare all values that the first of two runs logged.

    Args:
        before: its metrics.
        after: those of the repetition.
        scores: the best score of each; NaN for none.
    """
    found = []
    for step, row in sorted(before.items()):
        other = after.get(step, {})
        epoch = int(row.get("epoch", -1))
        for name, value in _values(row).items():
            if not same(value, other.get(name)):
                found.append(Deviation(step, epoch, name, value, other.get(name, math.nan)))
    return Comparison(before, after, scores, found)


def read_metrics(path: Path) -> Metrics:
    """Return what metrics.csv holds; a row that a kill cut short is left out."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if None not in row.values() and row["step"].isdigit()]
    return {int(row["step"]): {name: float(text) for name, text in row.items() if text} for row in rows}


def same(a: float, b: float | None) -> bool:
    """Whether two values are the same number, or both none."""
    return b is not None and (a == b or (math.isnan(a) and math.isnan(b)))


def _values(row: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name not in NO_VALUES}
