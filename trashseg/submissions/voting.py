"""A hard vote of submissions, row by row: memory does not depend on their number or length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.submission import SubmissionStream, open_submission, write_submission
from trashseg.types import ConfigError
from trashseg.voting import hard_vote

Map = npt.NDArray[np.uint8]


def vote(
    path: Path,
    files: Sequence[Path],
    weights: Sequence[float] | None = None,
    class_order: Sequence[int] | None = None,
) -> None:
    """Write the hard vote of submissions to ``path``, in the order of the first, soonest where all have that order.

    Args:
        path: the CSV.
        files: the CSVs, at least one; where classes tie, the first file's counts.
        weights: one a file, at least 0; None: equal.
        class_order: class ids; where they tie, the first counts. None: the order of the files.

    Raises:
        ConfigError: the weights do not fit.
        DataError: the files are not of the same photographs at one size.
    """
    if weights is not None and (len(weights) != len(files) or min(weights) < 0 or max(weights) == 0):
        raise ConfigError(f"--weights {','.join(map(str, weights))}: give {len(files)} numbers from 0 on, not all 0.")
    first = open_submission(files[0])
    streams = [SubmissionStream(file, first) for file in files]
    write_submission(path, list(first.rows), _votes(first.rows, streams, weights, class_order))


def _votes(
    names: Iterable[str],
    streams: Sequence[SubmissionStream],
    weights: Sequence[float] | None,
    class_order: Sequence[int] | None,
) -> Iterator[Map]:
    trust = None if weights is None else np.array(weights, np.float64)
    for name in names:
        yield hard_vote([stream.class_map(name) for stream in streams], trust, class_order)
    for stream in streams:
        stream.finish()
