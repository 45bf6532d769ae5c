"""Check that every photograph of an index is there, whole and of the right size; remember those that were.

The memory is one array in the cache: size and time of each file that was found good. A file that changed since is
checked again, all others cost one `lstat`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from trashseg.data.cache import cache_errors, key_of, remove_stale
from trashseg.data.images import decoded_size, read_image
from trashseg.data.index import CocoIndex
from trashseg.data.masks import small_size
from trashseg.data.problems import BadEntry, Problem
from trashseg.data.stamps import LEAVE_OUT, Missing, Stamps, load_stamps, stamps_now
from trashseg.files import atomic_file
from trashseg.threads import in_threads
from trashseg.types import DataError

_FORMAT = 1
_JPEG_QUALITY = 95
_NUM_NAMED = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photographs:
    """Where the photographs of an index lie and which are good.

    ``stamps`` (N, 2) tells good ones by numbers that are not negative; those shrunk to ``max_side`` lie in ``folder``.
    """

    index: CocoIndex
    root: Path
    folder: Path
    max_side: int | None
    stamps: Stamps
    problems: tuple[Problem, ...]

    @property
    def good(self) -> npt.NDArray[np.int64]:
        """The positions of the good photographs in the index."""
        return np.flatnonzero(self.stamps[:, 0] >= 0)

    def size(self, i: int) -> tuple[int, int]:
        """Return (height, width) of the file that :meth:`path` names, pixels."""
        return small_size(self.index.size(i), self.max_side)

    def path(self, i: int) -> Path:
        """Return the file to read for image ``i``: the photograph, or its shrunken copy."""
        if self.is_shrunk(i):
            return self.folder / _copy_name(i, self.stamps[i])
        return self.root / self.index.file_names[i]

    def is_shrunk(self, i: int) -> bool:
        """Say whether image ``i`` is read from a shrunken copy."""
        return self.size(i) != self.index.size(i)

    def has_copy(self, i: int, copies: set[str]) -> bool:
        """Say whether the shrunken copy of image ``i`` is among the names ``copies``, or none is needed."""
        return not self.is_shrunk(i) or _copy_name(i, self.stamps[i]) in copies


def check_photographs(index: CocoIndex, root: Path, max_side: int | None, cache_dir: Path) -> Photographs:
    """Check the photographs of ``index`` under ``root``; shrink those longer than ``max_side`` pixels into the cache.

    Raises:
        DataError: ``root`` is not a folder or the cache cannot be written; faults of photographs are collected instead.
    """
    if not root.is_dir():
        raise DataError(f"there is no folder {root}; set data.root to the folder that the file names start from.")
    folder = cache_dir / "photographs" / key_of(_FORMAT, index.digest, str(root.resolve()), max_side)
    now, faults = stamps_now(index, root)
    known = load_stamps(folder / "verified.npy", len(index))
    photographs = Photographs(index, root, folder, max_side, now, ())
    todo = _not_known(photographs, known)
    with cache_errors(cache_dir):
        faults |= _check_all(photographs, todo)
        for i in faults:
            now[i] = -1
        if todo or not np.array_equal(now, known):
            _remember(folder, photographs)
    problems = tuple(_as_problems(index, root, faults))
    return Photographs(index, root, folder, max_side, now, problems)


def _as_problems(index: CocoIndex, root: Path, faults: dict[int, BadEntry]) -> Iterator[Problem]:
    """Yield one problem a photograph, or one for all where nothing was found, which means a wrong folder."""
    file = str(index.path)
    missing = [i for i, fault in faults.items() if isinstance(fault, Missing)]
    if len(missing) == len(index) > _NUM_NAMED:
        named = ", ".join(index.where(i) for i in missing[:_NUM_NAMED])
        what = f"none of its {len(index)} photographs is under {root}: {named}, ..."
        yield Problem(file, "", what, "set data.root to the folder that the file names start from")
        return
    for i, fault in sorted(faults.items()):
        yield Problem(file, index.where(i), fault.what, fault.remedy)


def _not_known(photographs: Photographs, known: Stamps) -> list[int]:
    """Return the positions of files that changed since they were ``known`` or whose shrunken copy is gone."""
    copies = {path.name for path in photographs.folder.glob("*.jpg")}
    changed = (photographs.stamps != known).any(axis=1)
    return [i for i in photographs.good.tolist() if changed[i] or not photographs.has_copy(i, copies)]


def _remember(folder: Path, photographs: Photographs) -> None:
    """Write down the good photographs and remove shrunken copies that belong to none of them."""
    with atomic_file(folder / "verified.npy") as temporary:
        np.save(temporary, photographs.stamps, allow_pickle=False)
    remove_stale(folder)
    wanted = {_copy_name(i, photographs.stamps[i]) for i in photographs.good.tolist()}
    for copy in folder.glob("[0-9]*.jpg"):
        if copy.name not in wanted:
            copy.unlink(missing_ok=True)


def _check_all(photographs: Photographs, todo: list[int]) -> dict[int, BadEntry]:
    """Check the photographs ``todo`` on all processors; decoding lets other threads run."""
    if not todo:
        return {}
    _log.info("checking %d photographs of %s once", len(todo), photographs.index.path)
    photographs.folder.mkdir(parents=True, exist_ok=True)
    Image.preinit()  # Pillow loads its decoders lazily; before the threads start
    found = in_threads(lambda i: _check_one(photographs, i), todo)
    return {i: fault for i, fault in zip(todo, found, strict=True) if fault is not None}


def _check_one(photographs: Photographs, i: int) -> BadEntry | None:
    """Decode one photograph, compare its size, and shrink it where it is too large; return its fault."""
    index = photographs.index
    path = photographs.root / index.file_names[i]
    try:
        size = decoded_size(path)
        if size != index.size(i):
            return _wrong_size(path, size, index.size(i))
        if photographs.size(i) != size:
            _shrink(path, photographs.path(i), photographs.size(i))
    except BadEntry as bad:
        return BadEntry(bad.what, f"{bad.remedy} {LEAVE_OUT}")
    return None


def _wrong_size(path: Path, size: tuple[int, int], listed: tuple[int, int]) -> BadEntry:
    """Describe a photograph whose ``size`` is not the one ``listed``, both (height, width)."""
    what = f"{path} is {size[0]} x {size[1]} (height x width), the JSON says {listed[0]} x {listed[1]}"
    if size == listed[::-1]:
        what += ", which is its size before the EXIF orientation is applied, or height and width exchanged"
    return BadEntry(what, f"correct them or restore the photograph that the objects were drawn on, {LEAVE_OUT}")


def _shrink(source: Path, target: Path, size: tuple[int, int]) -> None:
    """Write ``source`` at ``size`` (height, width) as a JPEG to ``target``."""
    small = cv2.resize(read_image(source), size[::-1], interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), options)
    with atomic_file(target) as temporary:
        temporary.write_bytes(data.tobytes())


def _copy_name(i: int, stamp: npt.NDArray[np.int64]) -> str:
    """Return the name of a shrunken copy; it changes with the photograph."""
    return f"{i:06d}-{int(stamp[0]):x}-{int(stamp[1]):x}.jpg"
