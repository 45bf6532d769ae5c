"""Reading the CSV as a scorer would, before it is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trashseg.submission.read import StrPath, bad_line, rows
from trashseg.submission.shrink import SIDE


@dataclass(frozen=True)
class SubmissionReport:
    """What a sound submission holds: ``rows``, the ``side`` of a map and each class's share of all pixels, 0..1."""

    path: Path
    rows: int
    side: int
    shares: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.path}: {self.rows} rows of {self.side}x{self.side} ids, names, order and ids as asked."


def check_submission(
    path: StrPath, expected_names: Sequence[str], num_classes: int = 11, side: int = SIDE
) -> SubmissionReport:
    """Read the file as a scorer would and compare it with what is asked for.

    Args:
        path: the CSV file.
        expected_names: the ``file_name`` of every test photograph in the order of the JSON.
        num_classes: ids must be below it.
        side: every map must have ``side * side`` ids.

    Raises:
        DataError: naming file, line, what came and what is allowed, at the first thing that is wrong.
    """
    counts = np.zeros(256, dtype=np.int64)
    seen: dict[str, int] = {}
    for line, name, ids in rows(path):
        _check_name(path, line, name, seen, expected_names)
        if ids.size != side * side:
            raise bad_line(path, line, f"{ids.size} ids", f"Write {side * side} ({side}x{side}).")
        if ids.max() >= num_classes:
            raise bad_line(path, line, f"the id {ids.max()}", f"Ids are 0..{num_classes - 1}.")
        counts += np.bincount(ids, minlength=256)
        seen[name] = line
    if len(seen) < len(expected_names):
        missing = len(expected_names) - len(seen)
        came = f"the end, with {missing} of {len(expected_names)} rows missing"
        raise bad_line(path, len(seen) + 2, came, f"Next must come {expected_names[len(seen)]}.")
    shares = counts[:num_classes] / max(int(counts.sum()), 1)
    return SubmissionReport(Path(path), len(seen), side, tuple(shares.tolist()))


def _check_name(path: StrPath, line: int, name: str, seen: dict[str, int], expected: Sequence[str]) -> None:
    """Compare the name in ``line`` with the one whose turn it is."""
    wanted = expected[len(seen)] if len(seen) < len(expected) else None
    if name == wanted:
        return
    if name in seen:
        came = f"{name}, which line {seen[name]} has already"
    elif name in expected:
        came = f"{name} out of its order"
    else:
        came = f"{name}, which is not a test photograph"
    allowed = f"Here must come {wanted}." if wanted is not None else f"There must be {len(expected)} rows and no more."
    raise bad_line(path, line, came, allowed)
