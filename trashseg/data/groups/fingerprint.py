"""What the search for groups keeps of a photograph: a tiny picture and its points; computed once, then cached.

The cache has a file of about 30 kB a photograph, so that one photograph more costs one photograph's work.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from trashseg.data.cache import cache_errors, key_of
from trashseg.data.groups.points import NUM_POINTS, SIZE, find_points
from trashseg.data.images import read_image
from trashseg.files import atomic_file
from trashseg.threads import in_threads
from trashseg.types import DataError

LONG_SIDE = 256
"""Pixels of the longer side of the picture in which points are looked for."""
TINY = 32
"""Pixels of each side of the tiny picture; long and wide photographs are squeezed into it."""

FINGERPRINT = np.dtype(
    [
        ("stamp", np.int64, 2),  # bytes and modification time in nanoseconds of the file
        ("size", np.int32, 2),  # (height, width) of the picture in which points were looked for
        ("tiny", np.uint8, (TINY, TINY, 3)),  # OpenCV's L*a*b*
        ("count", np.int32),  # how many of the points are there
        ("places", np.float16, (NUM_POINTS, 4)),  # x, y, scale, direction: see find_points
        ("descriptions", np.uint8, (NUM_POINTS, SIZE)),
    ]
)
Fingerprints = npt.NDArray[Any]
"""(N,) of ``FINGERPRINT``."""

_FORMAT = 2
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)
_log = logging.getLogger(__name__)


def fingerprints(paths: Sequence[Path], cache_dir: Path) -> Fingerprints:
    """Return the fingerprint of each photograph, from the cache where its file has not changed since.

    Raises:
        DataError: a photograph is missing or cannot be read, or the cache cannot be written.
    """
    result = np.zeros(len(paths), FINGERPRINT)
    files, todo = [_cache_file(path, cache_dir) for path in paths], []
    for i, path in enumerate(paths):
        result[i]["stamp"] = _stamp(path)
        if not _load(files[i], result[i]):
            todo.append(i)
    if todo:
        _log.info("looking at %d photographs once, for groups of the same scene", len(todo))
    with cache_errors(cache_dir):
        for i, found in zip(todo, in_threads(_look_at, [paths[i] for i in todo]), strict=True):
            found["stamp"] = result[i]["stamp"]
            result[i] = found
            with atomic_file(files[i]) as temporary:
                np.save(temporary, found, allow_pickle=False)
    return result


def fingerprint_of(image: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Return the fingerprint, () of ``FINGERPRINT``, of an ``image`` (H, W, 3) uint8, BGR; its stamp is left 0."""
    places, descriptions = find_points(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    tiny = cv2.resize(image, (TINY, TINY), interpolation=cv2.INTER_AREA)
    result = np.zeros((), FINGERPRINT)
    result["size"] = image.shape[:2]
    result["tiny"] = cv2.cvtColor(tiny, cv2.COLOR_BGR2LAB)
    result["count"] = len(places)
    result["places"][: len(places)] = places
    result["descriptions"][: len(places)] = descriptions
    return result


def read_small(path: Path) -> npt.NDArray[np.uint8]:
    """Read a photograph at a longer side of ``LONG_SIDE`` pixels, EXIF's orientation applied; (H, W, 3) uint8, BGR.

    Raises:
        DataError: it cannot be read.
    """
    image = _decode_small(path)
    if image is None:
        image = cv2.cvtColor(read_image(path), cv2.COLOR_RGB2BGR)
    factor = LONG_SIDE / max(image.shape[:2])
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), dtype=np.uint8)


def _decode_small(path: Path) -> npt.NDArray[np.uint8] | None:
    """Decode at the smallest of a half, a fourth or an eighth that is enough; None where that fails."""
    try:
        with Image.open(path) as photograph:
            longest = max(photograph.size)
        flag = next((flag for part, flag in _REDUCED if longest >= part * LONG_SIDE), cv2.IMREAD_COLOR)
        image: npt.NDArray[np.uint8] | None = cv2.imdecode(np.fromfile(path, np.uint8), flag)
    except (OSError, ValueError, cv2.error):
        return None
    return image


def _look_at(path: Path) -> npt.NDArray[Any]:
    """Return the fingerprint of a photograph."""
    return fingerprint_of(read_small(path))


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of the file."""
    try:
        info = path.stat()
    except OSError as error:
        raise DataError(f"{path} does not exist; restore it or take it out of the data set.") from error
    return info.st_size, info.st_mtime_ns


def _cache_file(path: Path, cache_dir: Path) -> Path:
    """Return where the fingerprint of ``path`` is kept."""
    key = key_of(_FORMAT, LONG_SIDE, FINGERPRINT.descr, os.path.abspath(path))  # noqa: PTH100  (resolve() asks the disk)
    return cache_dir / "fingerprints" / key[:2] / f"{key}.npy"


def _load(file: Path, record: Any) -> bool:
    """Fill ``record`` from a kept fingerprint; say whether there was one of the file with the record's stamp."""
    try:
        kept = np.load(file, allow_pickle=False)
        if kept.dtype != FINGERPRINT or kept.shape or (kept["stamp"] != record["stamp"]).any():
            return False
    except (OSError, ValueError, EOFError):
        return False
    for name in FINGERPRINT.names or ():
        record[name] = kept[name]
    return True
