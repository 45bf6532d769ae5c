"""The runs below some folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trashseg.runtable.ending import best_logged, ending
from trashseg.runtable.settings import HYDRA, Settings, read_settings
from trashseg.sweep.outcome import NAME

LISTS = "runs"
"""The verb whose own runs are not listed."""


@dataclass(frozen=True)
class Run:
    """One run.

    Args:
        folder: its folder, below the one that was looked through.
        state: ``done``, ``pruned``, ``failed``, ``stopped`` or ``running``.
        score: what the verb returned, otherwise the best mIoU that it logged; None where there is neither.
        seconds: how long it took, or has run so far.
        reason: why it did not end well, one line; empty otherwise.
        started: seconds since 1970.
        settings: its verb and config.
    """

    folder: Path
    state: str
    score: float | None = None
    seconds: float = 0.0
    reason: str = ""
    started: float = 0.0
    settings: Settings = field(default_factory=Settings)

    @property
    def verb(self) -> str:
        """The verb that ran."""
        return self.settings.verb


def find_runs(roots: Sequence[Path], now: float, alive: float) -> list[Run]:
    """Return every run below ``roots``, runs inside runs (the folds of a cross-validation) too.

    Args:
        roots: folders.
        now: seconds since 1970.
        alive: seconds; see :func:`~trashseg.runtable.ending.ending`.
    """
    folders = dict.fromkeys(folder for root in roots for folder in _folders(root))
    runs = [_read(folder, now, alive) for folder in folders]
    return [run for run in runs if run.verb != LISTS]


def _folders(root: Path) -> Iterator[Path]:
    for folder, children, files in os.walk(root):
        if _is_run(children, files):
            yield Path(folder)
        children[:] = sorted(name for name in children if not name.startswith("."))


def _is_run(children: Sequence[str], files: Sequence[str]) -> bool:
    return NAME in files or HYDRA in children


def _read(folder: Path, now: float, alive: float) -> Run:
    end = ending(folder, now, alive)
    score = best_logged(folder) if end.score is None else end.score
    config = folder / HYDRA / "config.yaml"
    started = (config if config.is_file() else folder).stat().st_mtime
    return Run(folder, end.state, score, end.seconds, end.reason or "", started, read_settings(folder))
