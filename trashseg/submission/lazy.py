"""A submission whose maps stay on disk: any photograph's by its name, one in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trashseg.submission.codec import Map
from trashseg.submission.read import bad_line, checked_lines, field_of, ids_of
from trashseg.types import DataError


@dataclass(frozen=True)
class Row:
    """Where a row lies: line number, offset and length in bytes."""

    line: int
    offset: int
    length: int


@dataclass(frozen=True)
class SubmissionFile:
    """An open submission.

    Args:
        path: the CSV.
        rows: name of a photograph -> its row, in the file's order.
        side: height and width of a map.
    """

    path: Path
    rows: Mapping[str, Row]
    side: int

    def class_map(self, name: str) -> Map:
        """Return the class map (side, side), uint8, of a photograph of the file.

        Raises:
            DataError: its row does not have the form that :func:`write_submission` writes, or has another size.
        """
        row = self.rows[name]
        with self.path.open("rb") as file:
            file.seek(row.offset)
            ids = ids_of(self.path, row.line, file.read(row.length))
        if ids.size != self.side**2:
            raise bad_line(self.path, row.line, f"{ids.size} ids", f"Write {self.side**2} as in line 2.")
        return ids.reshape(self.side, self.side)


def open_submission(path: Path) -> SubmissionFile:
    """Find the rows of a submission; their ids are read when they are asked for.

    Raises:
        DataError: the file is missing or empty, a name occurs twice, or the maps are not square.
    """
    rows: dict[str, Row] = {}
    side = 0
    for number, offset, line in checked_lines(path):
        name = field_of(path, number, line)
        if name in rows:
            raise bad_line(path, number, f"{name}, which line {rows[name].line} has already", "Write each name once.")
        if not rows:
            side = math.isqrt(ids_of(path, number, line).size)
        rows[name] = Row(number, offset, len(line))
    if not rows:
        raise DataError(f"{path} has no rows after its header; write one line a photograph.")
    return SubmissionFile(path, rows, side)
