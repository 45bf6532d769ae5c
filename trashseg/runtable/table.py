"""The table of runs as text and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from trashseg.files import atomic_file
from trashseg.runtable.differences import value_of, words
from trashseg.runtable.find import Run

COLUMNS = ("folder", "verb", "state", "score", "seconds", "reason")
"""What every run has; the keys that differ follow."""

MOST_WORDS = 8
"""Differences in one line of text; runs.csv has all."""


def table(runs: Sequence[Run], differences: Mapping[str, Sequence[str]]) -> str:
    """Return a line a run: folder, verb, state, score, seconds and what sets it apart; under it why it failed.

    Args:
        runs: in their order.
        differences: for each verb the groups and keys that differ between its runs.
    """
    width = max(len("folder"), *(len(str(run.folder)) for run in runs))
    lines = [f"{'folder':<{width}}  {'verb':<10}  {'state':<7}  {'score':>7}  {'seconds':>8}  what differs"]
    for run in runs:
        begin = f"{run.folder!s:<{width}}  {run.verb:<10}  {run.state:<7}  {_score(run):>7}  {run.seconds:>8.0f}"
        lines.append(f"{begin}  {_shortened(words(run, differences[run.verb]))}".rstrip())
        lines += [f"  {run.reason}"] if run.reason else []
    return "\n".join(lines)


def write_csv(path: Path, runs: Sequence[Run], keys: Sequence[str]) -> None:
    """Write :data:`COLUMNS` and ``keys`` of every run, atomically; an empty cell stands for a value not there."""
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, *keys])
        writer.writerows(row(run, keys) for run in runs)


def row(run: Run, keys: Sequence[str]) -> list[str | float | None]:
    """Return the cells of one run: :data:`COLUMNS`, then ``keys``."""
    common = [str(run.folder), run.verb, run.state, run.score, run.seconds, run.reason]
    return [*common, *(value_of(run, key) for key in keys)]


def _score(run: Run) -> str:
    return "-" if run.score is None else f"{run.score:.4f}"


def _shortened(texts: Sequence[str]) -> str:
    more = f" ... ({len(texts) - MOST_WORDS} more)" if len(texts) > MOST_WORDS else ""
    return " ".join(texts[:MOST_WORDS]) + more
