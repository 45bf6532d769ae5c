"""Which options are worth taking: each alone, then the helpful ones together."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trashseg.sweep.outcome import one_line
from trashseg.tuning.options import Option, as_overrides
from trashseg.tuning.timing import Timing

Run = Callable[[Mapping[str, Any]], Timing]

BASE = "base"

TOLERANCES = {"32-true": 1e-3, "64-true": 1e-3}
"""By precision, how far a loss may be from the base's, relative to it."""

MIXED_TOLERANCE = 2e-2
"""Of every other precision: eight bits of bf16 are worth 0.4 % in a single product."""

SLOW_START = 10
"""A first step that takes this many times a later one is mentioned."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        name: the changes, or :data:`BASE`.
        timing: what was measured; None where nothing was.
        speed: how many times the base's speed; None likewise.
        note: why it was not measured, failed, or is not taken.
    """

    name: str
    timing: Timing | None = None
    speed: float | None = None
    note: str = ""


@dataclass
class Found:
    """The result of :func:`tune`.

    Args:
        tolerance: how far a loss may be from the base's, relative to it.
        bases: the base's times in ms a step, measured between the options.
        rows: the options alone.
        together: the helpful ones in order of gain, each with those that were kept before it.
        chosen: the changes of those that were kept (dotted key -> value).
        speed: how many times the base's speed they give together.
    """

    tolerance: float
    bases: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    together: list[Row] = field(default_factory=list)
    chosen: dict[str, Any] = field(default_factory=dict)
    speed: float = 1.0

    @property
    def noise(self) -> float:
        """The spread of the base's times, slowest less fastest, relative to their median."""
        return (max(self.bases) - min(self.bases)) / statistics.median(self.bases)


def tune(run: Run, options: Sequence[Option], precision: str, announce: Callable[[Row], None]) -> Found:
    """Measure every option beside the base, then add the helpful ones, best first, while they help.

    Args:
        run: measures the base with changes (dotted key -> value).
        options: see :class:`Option`.
        precision: Lightning's; decides how far losses may differ.
        announce: is given each row of the table as soon as it is measured.

    Raises:
        Exception: whatever the base itself raises; an option that fails costs its row.
    """
    tuner = _Tuner(run, TOLERANCES.get(precision, MIXED_TOLERANCE), announce)
    for option in tuner.helpful(options):
        tuner.add(option)
    return tuner.found


class _Tuner:
    """The state of :func:`tune`."""

    def __init__(self, run: Run, tolerance: float, announce: Callable[[Row], None]) -> None:
        self.run, self.announce, self.found = run, announce, Found(tolerance)
        self.base = run({})
        self.found.bases.append(self.base.step_ms)
        announce(Row(BASE, self.base, 1.0, _slow_start(self.base)))

    def helpful(self, options: Sequence[Option]) -> list[Option]:
        """Measure each option alone; return those that gain more than noise and may be taken, best first."""
        gains = []
        for option in options:
            row = self._alone(option)
            self.announce(row)
            self.found.rows.append(row)
            if option.why_not_taken is None and self._agrees(row.timing):
                gains.append((row.speed or 0.0, option))
        # The noise is known only now.
        enough = [pair for pair in gains if pair[0] > 1 + self.found.noise]
        return [option for _, option in sorted(enough, key=lambda pair: -pair[0])]

    def add(self, option: Option) -> None:
        """Measure an option with those that are kept, and keep it where it gains more than noise beside them, too."""
        found, together = self.found, {**self.found.chosen, **option.changes}
        row = self._measured(together)
        if self._agrees(row.timing):
            assert row.speed is not None
            kept = row.speed > found.speed * (1 + found.noise)
            if kept:
                found.chosen, found.speed = together, row.speed
            row = _noted(row, "kept" if kept else "within the noise: not kept")
        self.announce(row)
        found.together.append(row)

    def _alone(self, option: Option) -> Row:
        if option.why_not is not None:
            return Row(option.name, note=option.why_not)
        row = self._measured(option.changes)
        reserved = option.why_not_taken is not None and row.timing is not None
        return replace(row, note=f"not taken: {option.why_not_taken}") if reserved else row

    def _measured(self, changes: Mapping[str, Any]) -> Row:
        """Return what ``changes`` give between two measurements of the base, or why they fail."""
        name = as_overrides(changes)
        try:
            timing = self.run(changes)
        except Exception as error:  # an option may fail in as many ways as torch has; the next one may work
            return Row(name, note=f"failed: {one_line(error)}")
        self.found.bases.append(self.run({}).step_ms)
        speed = statistics.mean(self.found.bases[-2:]) / timing.step_ms
        row = Row(name, timing, speed, _slow_start(timing))
        if self._agrees(timing):
            return row
        return _noted(row, f"not taken: the loss differs by {100 * loss_difference(timing, self.base):.2g} %")

    def _agrees(self, timing: Timing | None) -> bool:
        """Whether the losses are the base's but for rounding."""
        return timing is not None and loss_difference(timing, self.base) <= self.found.tolerance


def _noted(row: Row, note: str) -> Row:
    return replace(row, note=f"{row.note}; {note}" if row.note else note)


def loss_difference(timing: Timing, base: Timing) -> float:
    """Return the largest difference between two runs' losses, relative to the base's; infinite where one is NaN."""
    pairs = zip(timing.losses, base.losses, strict=True)
    differences = [abs(own - other) / abs(other) for own, other in pairs]
    return max((value if value == value else float("inf") for value in differences), default=float("inf"))


def _slow_start(timing: Timing) -> str:
    slow = 1000 * timing.first_s > SLOW_START * timing.step_ms and timing.first_s > 1
    return f"the first step took {timing.first_s:.0f} s" if slow else ""
