"""What a sweep prints at its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from trashseg.sweep.outcome import NAME, Outcome, read_outcome

EXIT_SOME_FAILED = 2


class SweepReport(Callback):
    """Print a table of the jobs; leave with status 2 where one failed."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:  # noqa: ARG002
        """Read what the jobs left in the sweep's folder."""
        folder = Path(str(config.hydra.sweep.dir))
        jobs = outcomes(folder)
        print(f"\nsweep folder  {folder}\n{table(jobs)}", flush=True)
        if not all(job.finished for job in jobs):
            sys.exit(EXIT_SOME_FAILED)


def outcomes(folder: Path) -> list[Outcome]:
    """Return how the jobs of the sweep in ``folder`` ended, in their order."""
    found = [read_outcome(path.parent) for path in folder.rglob(NAME)]
    # A job's folder may hold further runs, the folds of a cross-validation: they have no number.
    return sorted((job for job in found if job is not None and job.job is not None), key=lambda job: job.job or 0)


def table(jobs: Sequence[Outcome]) -> str:
    """Return a line a job: its state, score, time and what sets it apart, under it why it failed; then the best."""
    apart = differences(jobs)
    lines = [f"{'job':>5}  {'state':<7}  {'score':>7}  {'time':>8}  overrides"]
    for job, words in zip(jobs, apart, strict=True):
        lines.append(f"{job.job:>5}  {job.state:<7}  {_score(job):>7}  {_clock(job.seconds):>8}  {words}".rstrip())
        lines += [f"       {job.reason}"] if job.reason else []
    scored = [(job.score, job.job, words) for job, words in zip(jobs, apart, strict=True) if job.score is not None]
    if len(scored) > 1:
        score, number, words = max(scored, key=lambda entry: entry[0])
        lines.append(f"best: job {number}, {score:.4f}  {words}")
    return "\n".join(lines)


def differences(jobs: Sequence[Outcome]) -> list[str]:
    """Return for each job those of its overrides that not all have."""
    shared = set.intersection(*(set(job.overrides) for job in jobs)) if len(jobs) > 1 else set()
    return [" ".join(text for text in job.overrides if text not in shared) for job in jobs]


def _score(job: Outcome) -> str:
    return "-" if job.score is None else f"{job.score:.4f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
