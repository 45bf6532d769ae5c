"""Files that grow by whole pieces: cut, appended to, locked, and what to say when the disk refuses."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from trashseg.types import DataError

if sys.platform != "win32":
    import fcntl


class Tail:
    """The end of a file that grows by whole pieces.

    Args:
        file: open for reading and writing, unbuffered.
        end: where the next piece goes; what lies behind is cut off.
    """

    def __init__(self, file: FileIO, end: int) -> None:
        file.truncate(end)
        self._file, self.end = file, end

    def append(self, piece: bytes) -> None:
        """Write ``piece`` at the end; after an OSError the end is where it was."""
        self._file.seek(self.end)
        rest = memoryview(piece)
        while rest:  # an unbuffered write may take a part only
            rest = rest[self._file.write(rest) :]
        self.end += len(piece)

    def sync(self) -> None:
        """Bring the file to the disk, unless it is closed."""
        if not self._file.closed:
            os.fsync(self._file.fileno())


def open_unbuffered(path: Path) -> FileIO:
    """Open ``path`` to read and write, keeping what it holds; made where it is missing."""
    path.touch()
    return path.open("r+b", buffering=0)


def lock(file: FileIO, folder: Path) -> None:
    """Keep other processes from writing until ``file`` is closed or this process ends, however it ends.

    The lock is this process's alone. One made by flock would pass on to the workers of a loader, which outlive a killed
    parent by seconds. It ends when the process closes any handle of the file, hence a file of its own for it.

    Raises:
        DataError: another process has the lock.
    """
    if sys.platform == "win32":
        return  # there is no such lock
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        raise DataError(f"another process is writing to {folder}; wait for it or choose another folder.") from error


@contextlib.contextmanager
def write_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError in the block, such as a full disk, into a DataError that names ``folder``."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({error.strerror or error}); free some space or choose another folder. "
            "The same command goes on with what is there."
        ) from error
