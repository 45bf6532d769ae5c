"""Groups of photographs that show one scene, found by looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from itertools import groupby
from pathlib import Path

import numpy as np

from trashseg.data.groups.agreement import Agreement, View, compare
from trashseg.data.groups.candidates import Candidate, find_candidates, neighbours
from trashseg.data.groups.fingerprint import Fingerprints, fingerprints
from trashseg.data.groups.group import Groups, Pair
from trashseg.data.groups.remembered import remembered
from trashseg.data.groups.vectors import Floats, colour_vectors, how_unusual, texture_vectors, typical_points
from trashseg.data.groups.verdict import Limits, judge
from trashseg.threads import in_threads

_MIN_SET = 50
"""What is unusual in a set needs a set."""


def find_groups(
    paths: Sequence[Path],
    names: Sequence[str],
    *,
    cache_dir: Path,
    scenes: bool = True,
    min_points: int = 12,
    min_spread: float = 0.15,
    min_series: float = 4.0,
) -> Groups:
    """Group photographs that are one picture, altered, or show one scene.

    Two photographs are joined where points agree on one movement from one to the other: ``min_points`` of them that
    surround the share ``min_spread`` of both pictures; or 8 if the whole pictures, moved onto each other, correlate by
    0.9; or 8 in any part if the photographs are neighbours by name. Neighbours are also joined where their colours
    and textures together are unusually alike. Only pairs join that were compared themselves.

    Args:
        paths: the file of each photograph.
        names: the name of each, with its folder: photographs at most two names apart are neighbours.
        cache_dir: folder of the caches.
        scenes: False: only altered copies of one picture.
        min_points: at 12 and the default spread no two photographs of different scenes were joined.
        min_spread: share 0..1. A product that is printed alike in two scenes joins them only if it fills as much of
            both pictures; copies from another source had 0.5 and more.
        min_series: sum of the standard deviations by which neighbours' colours and textures are more alike than either
            photograph's are to the others'. At 4.0, 36 of 849 pairs of neighbours were joined by it, and 16 of 20 pairs
            that an eye takes for one place were found; of the 28 groups, 18 were right, 3 wrong, 3 had a wrong
            member and 4 were doubtful. Not used for fewer than 50 photographs.

    Returns:
        The groups, with pairs of the kinds ``duplicate``, ``scene`` and ``series``.

    Raises:
        DataError: a photograph is missing or cannot be read, or the cache cannot be written.
    """
    if not paths:
        return Groups.from_pairs(0, ())
    prints, limits = fingerprints(paths, cache_dir), Limits(min_points, min_spread)
    options = [*astuple(limits), min_series]
    pairs = remembered(cache_dir, prints, names, options, lambda: _pairs(prints, neighbours(names), limits, min_series))
    return Groups.from_pairs(len(paths), (pair for pair in pairs if scenes or pair.kind == "duplicate"))


def _pairs(prints: Fingerprints, next_to: set[tuple[int, int]], limits: Limits, min_series: float) -> list[Pair]:
    """Return all pairs; ``next_to`` are the neighbours by name."""
    words = typical_points(prints)
    texture = texture_vectors(prints, words)
    joined: dict[tuple[int, int], Pair] = {}
    for candidate, agreement in _compare_all(prints, find_candidates(prints, texture, words, next_to)):
        key = candidate.first, candidate.second
        pair = judge(candidate, agreement, key in next_to, limits)
        if pair is not None and (key not in joined or pair.score > joined[key].score):
            joined[key] = pair
    series = _series(prints, texture, sorted(next_to - joined.keys()), min_series)
    return [*joined.values(), *series]


def _compare_all(prints: Fingerprints, candidates: list[Candidate]) -> Iterator[tuple[Candidate, Agreement]]:
    """Yield each candidate, in order, with how well its photographs agree; on all processors."""

    def compare_one(of_one: list[Candidate]) -> list[Agreement]:
        first = View.of(prints[of_one[0].first])
        return [compare(first, View.of(prints[each.second], mirrored=each.mirrored)) for each in of_one]

    grouped = [list(group) for _, group in groupby(candidates, key=lambda each: each.first)]
    for of_one, agreements in zip(grouped, in_threads(compare_one, grouped), strict=True):
        yield from zip(of_one, agreements, strict=True)


def _series(prints: Fingerprints, texture: Floats, pairs: list[tuple[int, int]], minimum: float) -> list[Pair]:
    """Return those of the neighbours ``pairs`` whose colours and textures are unusually alike."""
    if len(prints) < _MIN_SET or not pairs:
        return []
    first, second = np.array(pairs).T
    vectors = texture, colour_vectors(prints["tiny"])
    scores = sum(how_unusual(each, first, second) for each in vectors)
    reason = "neighbours by name, colours and textures {:.1f} standard deviations more alike than usual"
    return [
        Pair(i, j, "series", float(score), reason.format(score))
        for (i, j), score in zip(pairs, np.asarray(scores), strict=True)
        if score >= minimum
    ]
