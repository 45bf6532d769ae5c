"""The cache folder: where it lies, what to say when it cannot be written, and cleaning up after killed builds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from trashseg.files import atomic_dir
from trashseg.types import DataError

CACHE_VARIABLE = "TRASHSEG_CACHE"
_STALE_SECONDS = 24 * 3600
_NUM_TRIES = 3
_BROKEN = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, zipfile.BadZipFile)
_Opened = TypeVar("_Opened")
_REMEDY = f"free some space there or set {CACHE_VARIABLE} to a folder that can be written."


def default_cache_dir() -> Path:
    """Return the folder for caches: TRASHSEG_CACHE, else XDG_CACHE_HOME/trashseg, else ~/.cache/trashseg.

    Raises:
        DataError: it cannot be made or written.
    """
    chosen, xdg = os.environ.get(CACHE_VARIABLE), os.environ.get("XDG_CACHE_HOME", "")
    try:
        if chosen:
            folder = Path(chosen).expanduser()
        else:
            # The XDG specification asks to ignore a relative path.
            folder = (Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".cache") / "trashseg"
    except RuntimeError as error:
        raise DataError(f"no home folder is known for the cache; set {CACHE_VARIABLE} to a folder.") from error
    with cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    return folder


@contextlib.contextmanager
def cache_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError in the block, such as a full disk, into a DataError that names the cache ``folder``."""
    try:
        yield
    except OSError as error:
        raise DataError(f"the cache {folder} cannot be written ({error.strerror or error}); {_REMEDY}") from error


def require_space(folder: Path, num_bytes: int) -> None:
    """Check that ``num_bytes`` fit where the existing ``folder`` lies.

    Raises:
        DataError: there is less free space.
    """
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise DataError(
            f"the cache {folder} needs {num_bytes / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            f"{_REMEDY[:-1]}, or give a smaller data.max_side."
        )


def key_of(*parts: Any) -> str:
    """Return a name, 32 hexadecimal digits, for plain JSON values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def open_or_build(folder: Path, load: Callable[[Path], _Opened], build: Callable[[Path], None]) -> _Opened:
    """Return ``load(folder)``; where that fails, ``build(temporary)`` makes the folder anew first.

    Several processes may do this at once: each builds in a folder of its own, and the first to finish gives the name.

    Raises:
        DataError: the cache cannot be written, or what ``build`` raises.
    """
    with cache_errors(folder.parent):
        for _ in range(_NUM_TRIES):
            existed = folder.exists()
            try:
                return load(folder)
            except _BROKEN:
                # A folder that was not there a moment ago is another process's and good.
                if existed:
                    discard(folder)
            folder.parent.mkdir(parents=True, exist_ok=True)
            remove_stale(folder.parent)
            with atomic_dir(folder) as temporary:
                build(temporary)
        return load(folder)


def load_columns(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return the arrays ``names`` of an .npz file; any error means that the file is broken."""
    # Opened here, since numpy leaves a file that is no whole archive open.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as columns:
        return {name: columns[name] for name in names}


def discard(path: Path) -> None:
    """Take a broken or foreign cache entry out of the way, so that a good one can take its name."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        # Renamed first: a half-removed folder must never be found under the good name.
        grave = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        with contextlib.suppress(FileNotFoundError):
            path.rename(grave / path.name)
        shutil.rmtree(grave, ignore_errors=True)


def remove_stale(folder: Path) -> None:
    """Remove temporary files and folders in ``folder`` that a killed build left more than a day ago."""
    for path in folder.glob(".*.tmp*"):
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
