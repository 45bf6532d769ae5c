"""Writing the CSV, one map in memory at a time."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence

import numpy as np

from trashseg.files import atomic_file
from trashseg.submission.codec import Map, encode
from trashseg.types import DataError

HEADER = b"image_id,PredictionString\n"


def write_submission(path: str | os.PathLike[str], names: Sequence[str], maps: Iterable[Map]) -> None:
    """Write one row a map, one map in memory at a time; the file appears only when it is complete.

    Args:
        path: the CSV file.
        names: the ``file_name`` of each photograph, with its folder, in the order of ``maps``.
        maps: class ids, uint8, 0..99, all of one shape.

    Raises:
        DataError: a name is empty, holds a line break or cannot be written as UTF-8.
        ValueError: names and maps differ in number, or a map's dtype, shape or ids are not as said.
    """
    prefixes = [_name_field(name) for name in names]
    shape: tuple[int, ...] | None = None
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(HEADER)
        for prefix, item in zip(prefixes, maps, strict=True):
            shape = shape or item.shape
            if item.dtype != np.uint8 or item.shape != shape or not item.size:
                raise ValueError(f"a map is {item.dtype} {item.shape}; all must be uint8 of the shape {shape}")
            file.write(prefix)
            file.write(encode(item))
            file.write(b"\n")


def _name_field(name: str) -> bytes:
    """Return the name and its comma as csv writes them."""
    if not name or any(char in name for char in "\r\n\0"):
        raise DataError(f"the name {name!r} is empty or holds a line break; rename the photograph and its JSON entry.")
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([name, ""])
    try:
        return text.getvalue().encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"the name {name!r} is not UTF-8; rename the photograph and its JSON entry.") from error
