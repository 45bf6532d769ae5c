"""A hard vote of submissions, row by row: memory does not depend on their number or length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.submission import SubmissionFile, write_submission
from trashseg.types import ConfigError, DataError
from trashseg.voting import hard_vote

Map = npt.NDArray[np.uint8]


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
    trust = None if weights is None else np.array(weights, np.float64)
    for name in files[0].rows:
        yield hard_vote([file.class_map(name) for file in files], trust, class_order)
