"""Lists of photographs and of regions that a user gives: CSV, JSON, or names in the config."""

from __future__ import annotations

import csv
import json
import logging
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.types import ConfigError, DataError, did_you_mean

log = logging.getLogger(__name__)

NAME, ID, BOX = "file_name", "annotation_id", "bbox"
"""The columns of the CSV files, and the keys of the JSON files, that count; others may stand beside them."""


@dataclass(frozen=True)
class Row:
    """One entry of a list of regions.

    ``box`` is left, top, width and height in pixels of the photograph; ``where`` names the entry in a message.
    """

    name: str
    annotation_id: int | None
    box: tuple[int, int, int, int] | None
    where: str

    @property
    def place(self) -> str:
        """The photograph's name in normal form."""
        return posixpath.normpath(self.name)


def read_names(value: str | Sequence[str], key: str) -> dict[str, str]:
    """Return name in normal form -> as it was written, of the photographs that ``value`` lists.

    Args:
        value: names, or a CSV or JSON file with ``file_name`` in every row.
        key: the config key, for messages.

    Raises:
        ConfigError: there is no such file.
        DataError: it cannot be read or lacks the column.
    """
    names = [entry[NAME] for entry in _entries(value, key)] if isinstance(value, str) else map(str, value)
    return {posixpath.normpath(name): name for name in names}


def read_rows(file: str, key: str) -> list[Row]:
    """Return the regions that a CSV or JSON ``file`` lists.

    Every row has ``file_name`` and ``annotation_id``, or ``bbox`` (x, y, width, height), or both.

    Raises:
        ConfigError: there is no such file.
        DataError: it cannot be read, or a row lacks something or holds something else.
    """
    entries = enumerate(_entries(file, key), start=1)
    return [_row(entry, f"{key}={file}: row {number} ({entry[NAME]})") for number, entry in entries]


def check_known(names: Iterable[str], known: Iterable[str], key: str) -> None:
    """Refuse ``names`` that the data set does not have.

    Raises:
        DataError: naming the first.
    """
    places = {posixpath.normpath(name) for name in known}
    unknown = [name for name in names if posixpath.normpath(name) not in places]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        help_ = did_you_mean(unknown[0], places)
        raise DataError(f"{key}: {unknown[0]}{more} is no photograph of the data set. {help_}")


def leave_out(
    exclude: str | Sequence[str], positions: npt.NDArray[np.int64], names: Sequence[str], known: Iterable[str]
) -> npt.NDArray[np.int64]:
    """Return those of the ``positions`` of training photographs that ``data.exclude`` does not list.

    Args:
        exclude: names, or a file that lists them.
        positions: (N,), positions in ``names``.
        names: the photographs of the file that holds them.
        known: every photograph that may be listed.

    Raises:
        ConfigError: there is no such file.
        DataError: it cannot be read, a photograph does not exist, or none is left.
    """
    excluded = read_names(exclude, "data.exclude")
    check_known(excluded.values(), known, "data.exclude")
    kept = positions[[posixpath.normpath(names[i]) not in excluded for i in positions.tolist()]]
    if not len(kept):
        raise DataError(f"data.exclude leaves none of {len(positions)} photographs to train on; list fewer.")
    log.info("data.exclude leaves out %d of %d training photographs", len(positions) - len(kept), len(positions))
    return kept


def _entries(file: str, key: str) -> list[dict[str, Any]]:
    """Return the rows of ``file``, each with a name."""
    path = Path(file).expanduser()
    if not path.is_file():
        raise ConfigError(f"{key}={file} is no file; give a .csv or .json file that lists {NAME} in every row.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        entries = json.loads(text) if path.suffix.lower() == ".json" else list(csv.DictReader(text.splitlines()))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{key}={file} cannot be read: {error}; give a .csv or .json file.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and entry.get(NAME) for entry in entries):
        raise DataError(f"{key}={file}: every row needs a {NAME}: a CSV with that column, or a JSON list of objects.")
    return entries


def _row(entry: dict[str, Any], where: str) -> Row:
    """Return a row of a list of regions."""
    number, box = entry.get(ID), entry.get(BOX)
    row = Row(str(entry[NAME]), _numbers(number, 1, ID, where)[0] if _given(number) else None, None, where)
    if not _given(box):
        if row.annotation_id is None:
            raise DataError(f"{where} has neither {ID} nor {BOX}; give one of them.")
        return row
    left, top, width, height = _numbers(box, 4, BOX, where)
    return Row(row.name, row.annotation_id, (left, top, width, height), where)


def _given(value: Any) -> bool:
    return value is not None and value != ""


def _numbers(value: Any, count: int, key: str, where: str) -> list[int]:
    """Return ``count`` whole numbers of a list, a number or a text such as "3 4 5 6"; the others are rounded."""
    texts = re.split(r"[\s,;]+", value.strip("[] ")) if isinstance(value, str) else value
    try:
        numbers = [round(float(text)) for text in (texts if isinstance(texts, list) else [texts])]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(numbers) != count:
        raise DataError(f"{where}: {key} is {value!r}; give {count} number{'s: x, y, width, height' * (count > 1)}.")
    return numbers
