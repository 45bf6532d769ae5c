"""Photographs that must not train because what they show validates: then the score says nothing."""

from __future__ import annotations

import hashlib
import json
import logging
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import key_of, open_or_build
from trashseg.data.groups import find_groups
from trashseg.data.prepared import PreparedSplit
from trashseg.files import write_json
from trashseg.types import DataError

log = logging.getLogger(__name__)

_NUM_SHOWN = 5

_FORMAT, _COPIES = 1, "copies.json"
"""Raise the number when other copies are found in the same photographs."""


class Leak(NamedTuple):
    """A photograph that trains, one that validates, and what they share."""

    train: str
    val: str
    reason: str


@dataclass(frozen=True)
class Part:
    """The N photographs of one side: ``names`` as the JSON spells them, their files, and their groups ("": none)."""

    names: list[str]
    paths: list[Path]
    groups: list[str]

    @classmethod
    def of(cls, split: PreparedSplit, indices: npt.NDArray[np.int64], root: Path) -> Part:
        """Return the photographs at the positions ``indices`` of ``split``, whose files lie in ``root``."""
        names = [split.names[i] for i in indices.tolist()]
        groups = [split.index.groups[i] for i in split.positions[indices].tolist()]
        return cls(names, [root / name for name in names], groups)


def find_leaks(train: Part, val: Part) -> list[Leak]:
    """Return the photographs on both sides that are one file, have the same bytes, or one recorded group.

    One leak is enough for a photograph that validates.
    """
    places = ([posixpath.normpath(name) for name in part.names] for part in (train, val))
    found: dict[str, Leak] = {}
    for keys, reason in (
        (places, "the same photograph"),
        (_digests(train.paths, val.paths), "the same bytes"),
        ((train.groups, val.groups), "one group"),
    ):
        for leak in _shared(train, val, keys, reason):
            found.setdefault(leak.val, leak)
    return list(found.values())


def find_copies(train: Part, val: Part, cache_dir: Path) -> list[Leak]:
    """Return the photographs that are altered copies of one on the other side: re-encoded, cropped, turned, ...

    All are compared once; the answer is kept in ``cache_dir``, for every fold, for as long as no file changes.

    Raises:
        DataError: a photograph cannot be read, or the cache cannot be written.
    """
    files = dict(sorted(zip([*train.names, *val.names], [*train.paths, *val.paths], strict=True)))
    validating, leaks = set(val.names), []
    for one, other, reason in _copies(files, cache_dir):
        if (one in validating) != (other in validating):
            trains, validates = sorted((one, other), key=validating.__contains__)
            leaks.append(Leak(trains, validates, reason))
    return leaks


def _copies(files: dict[str, Path], cache_dir: Path) -> list[tuple[str, str, str]]:
    """Return name, name and reason of the photographs among ``files`` that are copies of each other."""
    names = list(files)
    stamps = [(info.st_size, info.st_mtime_ns) for info in map(Path.stat, files.values())]

    def build(folder: Path) -> None:
        log.info("looking once for copies among %d photographs", len(names))
        pairs = find_groups(list(files.values()), names, cache_dir=cache_dir, scenes=False).pairs
        write_json(folder / _COPIES, [(names[pair.first], names[pair.second], pair.reason) for pair in pairs])

    folder = cache_dir / "copies" / key_of(_FORMAT, names, stamps)
    return open_or_build(folder, _load_copies, build)


def _load_copies(folder: Path) -> list[tuple[str, str, str]]:
    """Return what an earlier search found."""
    return [(one, other, reason) for one, other, reason in json.loads((folder / _COPIES).read_text(encoding="utf-8"))]


def refuse_leaks(leaks: Sequence[Leak], *, allow: bool) -> None:
    """Stop where there are ``leaks``; with ``allow`` only say how many.

    Raises:
        DataError: with up to five of them and the way out.
    """
    if not leaks:
        return
    count = f"{len(leaks)} validation photograph{'s' * (len(leaks) > 1)}"
    if allow:
        log.warning("data.allow_leak=true: %s also train, or photographs like them: scores are too high", count)
        return
    shown = " | ".join(f"{leak.val} validates, {leak.train} trains: {leak.reason}" for leak in leaks[:_NUM_SHOWN])
    more = f" | ... and {len(leaks) - _NUM_SHOWN} more" if len(leaks) > _NUM_SHOWN else ""
    raise DataError(
        f"{count} would train too, or photographs like them, so that scores would be too high: {shown}{more}. "
        "`trashseg split` makes folds without this; data.allow_leak=true trains all the same."
    )


def _shared(train: Part, val: Part, keys: Iterable[Sequence[str]], reason: str) -> Iterator[Leak]:
    """Yield the photographs whose ``keys``, of either side, stand on both; an empty key is none."""
    train_keys, val_keys = keys
    owners = dict(zip(train_keys, train.names, strict=True))
    for name, key in zip(val.names, val_keys, strict=True):
        if key and key in owners:
            yield Leak(owners[key], name, reason)


def _digests(*sides: Sequence[Path]) -> Iterator[list[str]]:
    """Yield the SHA-256 of each side's files; "" where no file of the other side has its size: it need not be read."""
    sizes = [[path.stat().st_size for path in side] for side in sides]
    common = set.intersection(*map(set, sizes))
    for side, own in zip(sides, sizes, strict=True):
        yield [
            hashlib.sha256(path.read_bytes()).hexdigest() if size in common else ""
            for path, size in zip(side, own, strict=True)
        ]
