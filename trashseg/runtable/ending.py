"""How a run ended, or what became of one that does not say so."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from trashseg.sweep.outcome import Outcome, read_outcome

SCORE = "val/miou"
"""The column of metrics.csv that holds a training's score."""


def ending(run_dir: Path, now: float, alive: float) -> Outcome:
    """Return the outcome that the run left; of one that left none, ``running`` or ``stopped``.

    A process that was killed says nothing, nor does one that still runs: the newest file tells them apart.

    Args:
        run_dir: the run's folder.
        now: seconds since 1970.
        alive: a run that wrote something in the last so many seconds is running.
    """
    outcome = read_outcome(run_dir)
    if outcome is not None:
        return outcome
    signs = sorted(_signs(run_dir))
    first, last = (signs[0], signs[-1]) if signs else (now, now)
    if now - last <= alive:
        return Outcome("running", [], seconds=round(now - first, 1))
    since = datetime.fromtimestamp(last).strftime("%Y-%m-%d %H:%M")
    return Outcome("stopped", [], reason=f"no sign of life since {since}", seconds=round(last - first, 1))


def _signs(run_dir: Path) -> Iterator[float]:
    """Yield when each file was last written, in seconds since 1970; the config is written first, at the start."""
    for path in run_dir.rglob("*"):
        # A run that goes on replaces files.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                yield path.stat().st_mtime


def best_logged(run_dir: Path) -> float | None:
    """Return the highest mIoU (0 to 1) of metrics.csv so far, None where there is none."""
    path = run_dir / "metrics.csv"
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as stream:
        values = [float(row[SCORE]) for row in csv.DictReader(stream) if row.get(SCORE)]
    return max((value for value in values if value == value), default=None)
