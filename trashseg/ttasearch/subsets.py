"""Which subsets of views to score, and in which order that takes the fewest steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from trashseg.tta import View
from trashseg.tta.tta import covers

Subset = tuple[int, ...]
"""Positions of views, ascending."""


class Step(NamedTuple):
    """Add a view to a sum: the one of ``depth`` views becomes that of one more; ``slot``: which subset that is."""

    depth: int
    view: int
    slot: int | None


def steps(subsets: Sequence[Subset]) -> list[Step]:
    """Return the steps that build the sums of all ``subsets``, one a subset where each but one view is there before.

    Subsets that begin alike share the sum of their beginning: for all 2^n - 1 of them there are 2^n - 1 steps.
    """
    order = sorted(range(len(subsets)), key=subsets.__getitem__)
    found: list[Step] = []
    before: Subset = ()
    for slot in order:
        subset = subsets[slot]
        shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, subset, strict=False)))
        found += [Step(depth, subset[depth], None) for depth in range(shared, len(subset))]
        found[-1] = found[-1]._replace(slot=slot)
        before = subset
    return found


def all_subsets(views: Sequence[View]) -> list[Subset]:
    """Return every subset of the views that sees the whole picture."""
    sizes = range(1, len(views) + 1)
    return seeing(views, itertools.chain.from_iterable(itertools.combinations(range(len(views)), n) for n in sizes))


def families(views: Sequence[View]) -> list[Subset]:
    """Return subsets of many views by a rule: every set of scales, each with the same looks.

    Those are all looks, the first alone, or the first and one other, where a look is what a view is but for its scale.
    """
    scales = list(dict.fromkeys(view.scale for view in views))
    looks = list(dict.fromkeys(view.look[1:] for view in views))
    sets = [(looks[0],), *((looks[0], other) for other in looks[1:]), tuple(looks)]
    chosen = [
        (some, kinds)
        for count in range(1, len(scales) + 1)
        for some in itertools.combinations(scales, count)
        for kinds in sets
    ]
    found = (
        tuple(i for i, view in enumerate(views) if view.scale in some and view.look[1:] in kinds)
        for some, kinds in chosen
    )
    return seeing(views, dict.fromkeys(found))


def greedy(views: Sequence[View], score: Callable[[list[Subset]], Mapping[Subset, float]]) -> None:
    """Score the subsets of a forward search: from the best single view on, each time with the view that adds most."""
    chosen: Subset = ()
    while len(chosen) < len(views):
        rest = [i for i in range(len(views)) if i not in chosen]
        scores = score(seeing(views, (tuple(sorted((*chosen, i))) for i in rest)))
        chosen = max(scores, key=scores.__getitem__)


def seeing(views: Sequence[View], subsets: Iterable[Subset]) -> list[Subset]:
    """Return those of ``subsets`` that see the whole picture."""
    return [subset for subset in subsets if subset and covers(views[i] for i in subset)]
