"""Which runs are listed, and in what order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from trashseg.runtable.find import Run
from trashseg.types import ConfigError, DataError, did_you_mean

SORTS: dict[str, Callable[[Run], Any]] = {
    "score": lambda run: -(-math.inf if run.score is None else run.score),
    "seconds": lambda run: -run.seconds,
    "newest": lambda run: -run.started,
    "folder": lambda run: run.folder,
}
"""Name of an order -> what is sorted by, the smallest first."""


def choose(runs: Sequence[Run], verbs: Sequence[str] | None, sort: str, limit: int | None) -> list[Run]:
    """Return the runs of ``verbs`` (None: of all) in the order ``sort``, ``limit`` (None: all) of them.

    Raises:
        ConfigError: there is no such order, or ``limit`` is not a whole number from 1 on.
        DataError: there is no run, or none of these verbs.
    """
    if sort not in SORTS:
        raise ConfigError(f"sort={sort} does not exist. {did_you_mean(sort, SORTS)}")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise ConfigError(f"limit={limit} is not a whole number from 1 on; limit=null lists all runs.")
    kept = [run for run in runs if verbs is None or run.verb in verbs]
    if not kept:
        there = did_you_mean(verbs[0], {run.verb for run in runs}) if verbs and runs else "trashseg train makes one."
        raise DataError(f"there is no run of {', '.join(verbs or ['any verb'])}. {there}")
    return sorted(sorted(kept, key=lambda run: run.folder), key=SORTS[sort])[:limit]
