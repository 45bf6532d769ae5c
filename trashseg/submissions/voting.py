"""A hard vote of submissions, row by row: memory does not depend on their number or length."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.submission import SubmissionFile, write_submission
from trashseg.types import ConfigError, DataError
from trashseg.voting import hard_vote

Map = npt.NDArray[np.uint8]

_MANY = 2000
"""Rows of all files together from which on processes are worth their start."""


def vote(
    path: Path,
    files: Sequence[SubmissionFile],
    weights: Sequence[float] | None = None,
    class_order: Sequence[int] | None = None,
) -> None:
    """Write the hard vote of submissions to ``path``, in the order of the first.

    Args:
        path: the CSV.
        files: at least one; where classes tie, the first file's counts.
        weights: one a file, at least 0; None: equal.
        class_order: class ids; where they tie, the first counts. None: the order of the files.

    Raises:
        ConfigError: the weights do not fit.
        DataError: the files are not of the same photographs at one size.
    """
    if weights is not None and (len(weights) != len(files) or min(weights) < 0 or max(weights) == 0):
        raise ConfigError(f"--weights {','.join(map(str, weights))}: give {len(files)} numbers from 0 on, not all 0.")
    for file in files[1:]:
        if file.rows.keys() != files[0].rows.keys() or file.side != files[0].side:
            raise DataError(f"{file.path} is not of the same photographs at the same size as {files[0].path}.")
    write_submission(path, list(files[0].rows), _votes(files, weights, class_order))


def _votes(
    files: Sequence[SubmissionFile], weights: Sequence[float] | None, class_order: Sequence[int] | None
) -> Iterator[Map]:
    """Yield the vote on each photograph, on all processors where there are many.

    In processes, since a row is many short steps of numpy: threads that take turns at the interpreter took longer
    together than one alone.
    """
    names, trust = list(files[0].rows), None if weights is None else np.array(weights, np.float64)
    vote_on = functools.partial(_vote_on, files, trust, class_order)
    num_processors = os.cpu_count() or 1
    if num_processors == 1 or len(names) * len(files) < _MANY:
        yield from map(vote_on, names)
        return
    # Begun anew rather than forked, which would copy locks of threads that are not there.
    context = multiprocessing.get_context("spawn")
    with context.Pool(num_processors, _prepare, [vote_on]) as pool:
        yield from pool.imap(_in_process, names, chunksize=8)


def _vote_on(
    files: Sequence[SubmissionFile],
    trust: npt.NDArray[np.float64] | None,
    class_order: Sequence[int] | None,
    name: str,
) -> Map:
    return hard_vote([file.class_map(name) for file in files], trust, class_order)


def _prepare(vote_on: functools.partial[Map]) -> None:
    """Set up a process: what it votes on, once; Ctrl-C is the first process's to answer."""
    global _vote_here
    _vote_here = vote_on
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_vote_here: functools.partial[Map]


def _in_process(name: str) -> Map:
    return _vote_here(name)
