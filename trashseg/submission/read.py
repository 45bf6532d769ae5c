"""Reading the CSV row by row, refusing what :mod:`trashseg.submission.write` would not write."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trashseg.submission.codec import MAX_ID, Map, decode, odd_id, short
from trashseg.submission.write import HEADER
from trashseg.types import DataError

StrPath = str | os.PathLike[str]

_FORM = "Each line must read image_id, a comma, and the class ids parted by single spaces."


@dataclass(frozen=True, eq=False)
class Submission:
    """A submission in memory: ``names`` in the file's order and ``maps`` (N, side, side), uint8."""

    names: list[str]
    maps: Map


def read_submission(path: StrPath) -> Submission:
    """Read a submission of square maps, whose side the first row tells.

    Raises:
        DataError: the file is missing, or a line does not have the form that :func:`write_submission` writes.
    """
    names: list[str] = []
    maps: list[Map] = []
    for line, name, ids in rows(path):
        side = math.isqrt(ids.size)
        if side * side != ids.size or (maps and maps[0].size != ids.size):
            allowed = f"{maps[0].size} as in line 2" if maps else "a square number, such as 65536 (256x256)"
            raise bad_line(path, line, f"{ids.size} ids", f"Write {allowed}.")
        names.append(name)
        maps.append(ids.reshape(side, side))
    if not maps:
        raise bad_line(path, 2, "nothing after the header", "Write one line a photograph.")
    return Submission(names, np.stack(maps))


def rows(path: StrPath) -> Iterator[tuple[int, str, Map]]:
    """Yield (line number, name, flat ids) of each row after the header, one row in memory at a time."""
    for number, _, line in checked_lines(path):
        yield number, field_of(path, number, line), ids_of(path, number, line)


def checked_lines(path: StrPath) -> Iterator[tuple[int, int, bytes]]:
    """Yield (line number, offset in bytes, line) of each row after the header.

    Raises:
        DataError: the file is missing, its header is another one, or a line does not end as it should.
    """
    try:
        with Path(path).open("rb", buffering=1 << 20) as file:
            header = file.readline(len(HEADER) + 64)
            _check_header(path, header)
            offset = len(header)
            for number, line in enumerate(file, start=2):
                _check_end(path, number, line)
                yield number, offset, line
                offset += len(line)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Give the path of a submission CSV.") from error


def _check_header(path: StrPath, line: bytes) -> None:
    """Refuse any first line but the exact header, saying what is odd about it."""
    if line == HEADER:
        return
    came = repr(line.decode("utf-8", "replace"))
    if line.startswith(b"\xef\xbb\xbf"):
        came = "a byte order mark before the header"
    elif line.endswith(b"\r\n"):
        came = "a Windows line end (CR LF)"
    raise bad_line(path, 1, came, f"Write {HEADER.decode().strip()} in plain UTF-8 with LF line ends.")


def _check_end(path: StrPath, number: int, line: bytes) -> None:
    if line.endswith(b"\r\n"):
        raise bad_line(path, number, "a Windows line end (CR LF)", "Write LF line ends.")
    if not line.endswith(b"\n"):
        raise bad_line(path, number, "no line end, so the file may be cut off", "Write it again.")


def field_of(path: StrPath, number: int, line: bytes) -> str:
    """Return the name in a line."""
    end = line.rfind(b",")
    if end <= 0:
        missing = "a name" if end == 0 else "a comma"
        raise bad_line(path, number, f"{short(line)}, without {missing}", _FORM)
    return _name_of(path, number, line[:end])


def ids_of(path: StrPath, number: int, line: bytes) -> Map:
    """Return the flat ids in a line."""
    text = line[line.rfind(b",") + 1 : -1]
    ids = decode(text)
    if ids is None:
        raise bad_line(path, number, odd_id(text), f"{_FORM} An id is 0..{MAX_ID} without sign, point or leading zero.")
    return ids


def _name_of(path: StrPath, number: int, field: bytes) -> str:
    """Undo CSV's quoting of a name."""
    try:
        cells = next(csv.reader([field.decode("utf-8")], strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise bad_line(path, number, f"{short(field)} ({error})", _FORM) from error
    if len(cells) != 1:
        raise bad_line(path, number, f"{len(cells) + 1} columns", f"{_FORM} Quote a name that holds a comma.")
    return cells[0]


def bad_line(path: StrPath, line: int, came: str, allowed: str) -> DataError:
    """Return the error for one line of a file."""
    return DataError(f"{path}, line {line}: {came}. {allowed}")
