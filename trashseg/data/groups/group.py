"""Groups of photographs that no split may cut: the components that pairs of photographs join."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Two photographs that belong together, and why.

    Args:
        first: position of one photograph.
        second: position of the other, larger than ``first``.
        kind: ``duplicate`` (one picture, altered), ``scene`` (two pictures of one place), ``series`` (neighbours by
            name that look alike), ``name``, ``time`` or ``given``.
        score: how sure it is. For ``duplicate`` and ``scene`` the number of points that agree, or, where a picture is
            too plain to have points, a correlation 0..1; for ``series`` see ``min_series`` of find_groups; for
            ``time`` the seconds between the two; else 1.
        reason: a few words for people.
    """

    first: int
    second: int
    kind: str
    score: float
    reason: str


@dataclass(frozen=True, eq=False)
class Groups:
    """N photographs in G groups.

    ``labels`` (N,) int64 is the group of each, numbered 0..G-1 in the order of their first members. ``pairs`` hold
    every group together: whichever way a group is cut, one of its pairs is cut.
    """

    labels: Positions
    pairs: tuple[Pair, ...]

    @classmethod
    def from_pairs(cls, count: int, pairs: Iterable[Pair]) -> Groups:
        """Join ``count`` photographs wherever a pair says so, pairs of pairs included."""
        kept = tuple(sorted(pairs, key=lambda pair: (pair.first, pair.second, pair.kind)))
        roots = np.arange(count, dtype=np.int64)
        for pair in kept:
            a, b = sorted((_root(roots, pair.first), _root(roots, pair.second)))
            roots[b] = a
        # The root of a group is its first member, so numbering the roots numbers the groups as promised.
        top = np.array([_root(roots, i) for i in range(count)], dtype=np.int64)
        return cls(np.unique(top, return_inverse=True)[1].astype(np.int64), kept)

    @classmethod
    def from_labels(cls, labels: Sequence[Any] | npt.NDArray[Any]) -> Groups:
        """Group the photographs that share a label (N labels of any kind that can be a dictionary's key)."""
        values = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
        return cls.from_pairs(len(values), same_value(values, "given", "both are given the group {!r}"))

    def __len__(self) -> int:
        """Return the number of groups G; a photograph of its own is a group too."""
        return int(self.labels.max(initial=-1)) + 1

    @property
    def sizes(self) -> Positions:
        """The number of photographs of each group, (G,) int64."""
        return np.bincount(self.labels, minlength=len(self)).astype(np.int64)

    def members(self, group: int) -> Positions:
        """Return the positions of the photographs of ``group`` in ascending order."""
        return np.flatnonzero(self.labels == group)

    def crossing(self, parts: Sequence[int] | npt.NDArray[Any]) -> list[Pair]:
        """Return the pairs whose photographs lie in different ``parts`` (N,); none means that no group is cut."""
        part = np.asarray(parts)
        if part.shape != self.labels.shape:
            raise ValueError(f"parts has shape {part.shape}, there are {len(self.labels)} photographs")
        return [pair for pair in self.pairs if part[pair.first] != part[pair.second]]


def merge(groups: Sequence[Groups]) -> Groups:
    """Join several groupings of the same photographs: two share a group where any chain of pairs joins them."""
    counts = {len(each.labels) for each in groups}
    if len(counts) != 1:
        raise ValueError(f"the groupings are of {sorted(counts)} photographs; all must be of the same")
    return Groups.from_pairs(counts.pop(), (pair for each in groups for pair in each.pairs))


def same_value(values: Sequence[Any], kind: str, reason: str) -> list[Pair]:
    """Chain the positions that share a value; None is shared with nobody. ``reason`` has one place for the value."""
    places: dict[Any, list[int]] = {}
    for i, value in enumerate(values):
        if value is not None:
            places.setdefault(value, []).append(i)
    return [Pair(a, b, kind, 1.0, reason.format(value)) for value, found in places.items() for a, b in pairwise(found)]


def _root(roots: Positions, i: int) -> int:
    """Return the first member of the group of ``i``, halving the way for the next who asks."""
    while roots[i] != i:
        roots[i] = roots[roots[i]]
        i = int(roots[i])
    return i
