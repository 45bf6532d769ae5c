"""COCO files of chosen photographs, with ids counted from 0 and the group of each photograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from trashseg.data.folds.head import Entry
from trashseg.data.folds.pool import Pool
from trashseg.data.json_text import dump_json
from trashseg.files import atomic_file


class CocoWriter:
    """Writes photographs of a pool; each entry is turned into text once, however many files it goes into.

    Args:
        pool: N photographs.
        groups: the key ``group`` of each, N.
    """

    def __init__(self, pool: Pool, groups: Sequence[str]) -> None:
        self._head = _inside(pool.head.content)
        self._images = [
            _inside(photograph.image | {"group": group}, "id")
            for photograph, group in zip(pool.photographs, groups, strict=True)
        ]
        self._annotations = [
            [_inside(entry, "id", "image_id") for entry in photograph.annotations] for photograph in pool.photographs
        ]

    def write(self, path: Path, positions: Sequence[int]) -> None:
        """Write the photographs at ``positions``, in this order, to ``path``, atomically."""
        numbers = count()
        images = [f'{{"id": {number}, {self._images[i]}}}' for number, i in enumerate(positions)]
        annotations = [
            f'{{"id": {next(numbers)}, "image_id": {number}, {text}}}'
            for number, i in enumerate(positions)
            for text in self._annotations[i]
        ]
        lists = f'"images": [{_lines(images)}], "annotations": [{_lines(annotations)}]'
        with atomic_file(path) as temporary:
            temporary.write_text(f"{{{', '.join(filter(None, (self._head, lists)))}}}\n", encoding="utf-8")


def _inside(entry: Mapping[str, Any], *left_out: str) -> str:
    """Return an object's text without its braces and without the keys ``left_out``."""
    kept: Entry = {key: value for key, value in entry.items() if key not in left_out}
    return dump_json(kept)[1:-1]


def _lines(texts: Sequence[str]) -> str:
    """Return the texts one a line, so that two files can be compared."""
    return "\n" + ",\n".join(texts) + "\n"
