"""How a run ended, as outcome.json in its folder."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import ListConfig, OmegaConf

from trashseg.files import write_json

NAME = "outcome.json"

RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
"""Where torchrun, Lightning and SLURM say which of a run's processes this is."""


class Pruned(float):
    """The score of a run that a search ended early."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        state: ``done``, ``pruned`` (a search ended it early), ``failed`` or ``stopped`` (by Ctrl-C or a signal).
        overrides: the run's command line.
        job: its number in a sweep, or None.
        score: what the verb returned, for training the best checkpoint's mIoU; None where there is none.
        reason: why it failed, one line.
        seconds: how long it took.
    """

    state: str
    overrides: Sequence[str]
    job: int | None = None
    score: float | None = None
    reason: str | None = None
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return self.state in ("done", "pruned")

    def write(self, run_dir: Path) -> None:
        """Write the file where there is none yet: of a run's processes, the first to fail is the one to say why."""
        if not (run_dir / NAME).exists():
            write_json(run_dir / NAME, asdict(self))


def read_outcome(run_dir: Path) -> Outcome | None:
    """Return how the run in ``run_dir`` ended, None while it has not."""
    path = run_dir / NAME
    return Outcome(**json.loads(path.read_bytes())) if path.is_file() else None


def as_typed(overrides: ListConfig) -> list[str]:
    """Return the overrides that Hydra lists, with their interpolations as they are: iterating would resolve them."""
    content = OmegaConf.to_container(overrides, resolve=False)
    assert isinstance(content, list)
    return [str(text) for text in content]


def is_first_process(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a run's only process, or the first of several."""
    return all(environment.get(name, "0") == "0" for name in RANKS)


def recorded(body: Callable[[], Any], run_dir: Path, overrides: Sequence[str], job: int | None) -> Any:
    """Call ``body``, leave its outcome in ``run_dir`` and return its value; its errors pass through."""
    first, begin = is_first_process(), time.monotonic()
    if first:
        (run_dir / NAME).unlink(missing_ok=True)

    def end(state: str, **more: Any) -> None:
        Outcome(state, list(overrides), job, seconds=round(time.monotonic() - begin, 1), **more).write(run_dir)

    with _failures(end):
        value = body()
    if first:
        end("pruned" if isinstance(value, Pruned) else "done", score=_score(value))
    return value


@contextmanager
def _failures(end: Callable[..., None]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _end_anyway(end, "failed", reason=one_line(error))
        raise
    except BaseException:
        _end_anyway(end, "stopped")
        raise


def _end_anyway(end: Callable[..., None], state: str, **more: Any) -> None:
    """Record the end where the disk lets it: on a full one, the error that ended the run is the one to be seen."""
    with suppress(OSError):
        end(state, **more)


def one_line(error: Exception) -> str:
    """Return the message of ``error`` in one line of at most 300 characters, after the kind of one not our own."""
    text = " ".join(str(error).split())
    named = text if type(error).__module__.startswith("trashseg.") else f"{type(error).__name__}: {text}"
    return named if len(named) <= 300 else f"{named[:297]}..."


def _score(value: Any) -> float | None:
    return float(value) if isinstance(value, float | int) and not math.isnan(value) else None
