"""Size and time of each photograph's file: cheap to ask, enough to see that a file changed.

Here also lies the rule that no file outside the data set's folder is read, by whatever links.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.data.index import CocoIndex
from trashseg.data.problems import BadEntry

Stamps = npt.NDArray[np.int64]
"""(N, 2): bytes and modification time in nanoseconds of N files; -1 where a file is not known to be good."""

LEAVE_OUT = "or leave it out with data.on_bad=skip"


class Missing(BadEntry):
    """The photograph is not there at all."""


def stamps_now(index: CocoIndex, root: Path) -> tuple[Stamps, dict[int, BadEntry]]:
    """Return the stamps of all photographs as they are, and the faults of those missing or leading out of ``root``."""
    stamps, faults = np.full((len(index), 2), -1, np.int64), {}
    top, inside = os.path.realpath(root), dict[str, bool]()
    for i, name in enumerate(index.file_names):
        path = os.path.join(root, name)  # noqa: PTH118  (pathlib takes ten times as long for thousands of names)
        try:
            stamps[i] = _stamp(path, top, inside)
        except BadEntry as fault:
            faults[i] = fault
    return stamps, faults


def load_stamps(path: Path, count: int) -> Stamps:
    """Return the ``count`` stamps in the file ``path``; all -1 where there is none or it is broken."""
    try:
        known: Stamps = np.load(path, allow_pickle=False)
        if known.shape == (count, 2) and known.dtype == np.int64:
            return known
    except (OSError, ValueError, EOFError):
        pass
    return np.full((count, 2), -1, np.int64)


def _stamp(path: str, top: str, inside: dict[str, bool]) -> tuple[int, int]:
    """Return the size and time of one file; ``inside`` remembers which folders are within ``top``."""
    folder = os.path.dirname(path)  # noqa: PTH120
    if folder not in inside:
        inside[folder] = _is_within(folder, top)
    try:
        info = os.lstat(path)
        linked = stat.S_ISLNK(info.st_mode)
        if not inside[folder] or (linked and not _is_within(path, top)):
            raise BadEntry(f"{path} is a link out of data.root", "put the file itself there or set data.root above it")
        info = os.stat(path) if linked else info  # noqa: PTH116
    except (OSError, ValueError) as error:
        raise Missing(f"{path} does not exist{_neighbour(path)}", f"restore the photograph {LEAVE_OUT}") from error
    if not stat.S_ISREG(info.st_mode):
        raise BadEntry(f"{path} is not a file", "correct file_name in the JSON")
    return info.st_size, info.st_mtime_ns


def _is_within(path: str, top: str) -> bool:
    """Say whether ``path``, links followed, lies in ``top``, a path without links."""
    return os.path.commonpath([os.path.realpath(path), top]) == top


def _neighbour(path: str) -> str:
    """Name the file that differs only in the ending's capital letters, a usual slip of TACO's."""
    other = Path(path)
    other = other.with_suffix(other.suffix.swapcase())
    return f" ({other.name} does)" if other.suffix and other.exists() else ""
