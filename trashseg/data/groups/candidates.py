"""Which pairs of photographs deserve a closer look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trashseg.data.groups.fingerprint import Fingerprints
from trashseg.data.groups.hashing import near_by_hash
from trashseg.data.groups.vectors import Floats, nearest, texture_vectors

MAX_BITS = 10
"""Hashes may differ in so many of 63 bits. Those of 39 copies of another size and aspect, from another source, differ
in 4 at most; of the 92,000 pairs of 429 photographs one is as near as 10."""
REACH = 2
"""So many photographs ahead in the order of the names are neighbours."""
_NUM_PLAIN, _NUM_MIRRORED = 2, 1


class Candidate(NamedTuple):
    """Two photographs to compare, ``first < second``, the second turned left to right before where ``mirrored``."""

    first: int
    second: int
    mirrored: bool


def find_candidates(
    prints: Fingerprints, texture: Floats, words: Floats, next_to: set[tuple[int, int]]
) -> list[Candidate]:
    """Return the pairs that are alike by hash or by texture, as they are or mirrored, or neighbours; in order."""
    found = [*near_by_hash(prints["tiny"][..., 0], MAX_BITS), *((i, j, False) for i, j in next_to)]
    found += [(i, j, False) for i, j in nearest(texture, texture, _NUM_PLAIN)]
    turned = texture_vectors(prints, words, mirrored=True)
    found += [(i, j, True) for i, j in nearest(texture, turned, _NUM_MIRRORED)]
    return sorted({Candidate(min(i, j), max(i, j), mirrored) for i, j, mirrored in found})


def neighbours(names: Sequence[str], reach: int = REACH) -> set[tuple[int, int]]:
    """Return the pairs (i, j), i < j, of photographs at most ``reach`` apart in one folder's order of names.

    Numbers in names count as numbers: 9.jpg, 10.jpg.
    """
    order = sorted(range(len(names)), key=lambda i: _natural(names[i]))
    folder = [re.split(r"[\\/]", name)[:-1] for name in names]
    pairs = ((i, j) for k, i in enumerate(order) for j in order[k + 1 : k + 1 + reach] if folder[i] == folder[j])
    return {(min(pair), max(pair)) for pair in pairs}


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by their folders first and img10 behind img9."""
    *folders, last = re.split(r"[\\/]", name)
    parts: Iterable[str] = re.split(r"(\d+)", last)
    return [(-1, "/".join(folders)), *((int(part), "") if part.isdecimal() else (-1, part) for part in parts)]
