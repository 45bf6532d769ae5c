"""Which subset to take: the best of thousands is also the luckiest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.scores import Bootstrap, Interval, difference_interval, miou_per_matrix
from trashseg.tta import TTA
from trashseg.ttasearch.counting import Counts
from trashseg.ttasearch.option import is_plain
from trashseg.ttasearch.pool import Pool
from trashseg.ttasearch.subsets import Subset
from trashseg.types import DataError

RULE = "the cheapest on the front that is surely better than plain and not surely worse than the best; if none, plain"

Halves = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """A subset on the front of score against cost.

    Args:
        subset: its views.
        cost: passes at the network's size that it takes.
        miou: its score.
        gain: that less the score of the plain view.
    """

    subset: Subset
    cost: float
    miou: float
    gain: Interval


@dataclass(frozen=True)
class Choice:
    """What a search found.

    Args:
        front: from the cheapest on, each better than all that cost less; and the plain view.
        plain: that view alone.
        chosen: one of the front, by :data:`RULE`.
        honest: the gain of views chosen by the rule on one half of the photographs and scored on the other, both ways
            together: the luck of choosing is not in it.
        halves: what was chosen on each half.
        points: cost and mIoU of every subset.
    """

    front: list[Candidate]
    plain: Candidate
    chosen: Candidate
    honest: Interval
    halves: tuple[Subset, Subset]
    points: list[tuple[float, float]]


class Judge:
    """Compares subsets on some photographs, N of them.

    Args:
        matrices: confusion matrices (N, K, K) of each subset.
        plain: the subset of the plain view alone.
        groups: the group of each photograph (N,).
        options: of :class:`Bootstrap`.
    """

    def __init__(
        self,
        matrices: Mapping[Subset, Counts],
        plain: Subset,
        groups: npt.NDArray[np.int64],
        options: Mapping[str, Any],
    ) -> None:
        self._matrices, self._plain, self._groups, self._options = matrices, plain, groups, options
        self._bootstrap = Bootstrap(groups, **options)

    def on(self, own: npt.NDArray[np.bool_]) -> Judge:
        """Return the judge of the photographs ``own`` (N,) only."""
        matrices = {subset: counts[own] for subset, counts in self._matrices.items()}
        return Judge(matrices, self._plain, self._groups[own], self._options)

    def gain(self, counts: Counts) -> Interval:
        """Return the mIoU of confusion matrices (N, K, K) less that of the plain view, with its interval."""
        return self._difference(counts, self._matrices[self._plain])

    def pick(self, front: Sequence[Subset]) -> Subset:
        """Return what :data:`RULE` chooses of subsets that are sorted by cost."""
        scores = miou_per_matrix(np.array([self._matrices[subset].sum(0) for subset in front]))
        best = self._matrices[front[int(scores.argmax())]]
        for subset in front:
            own = self._matrices[subset]
            # Comparisons with NaN, where nothing can be told, are false.
            if self.gain(own).low > 0 and not self._difference(best, own).low > 0:
                return subset
        return self._plain

    def _difference(self, ours: Counts, theirs: Counts) -> Interval:
        """Return the difference of two mIoUs; of equal matrices 0 without an interval."""
        if np.array_equal(ours, theirs):
            return Interval(0.0, math.nan, math.nan, self._bootstrap.level)
        return difference_interval(self._bootstrap, ours, theirs)


def choose(
    pool: Pool, tta: TTA, size: tuple[int, int], groups: npt.NDArray[np.int64], half: Halves, **options: Any
) -> Choice:
    """Choose among the subsets that a pool has scored.

    Args:
        pool: the subsets.
        tta: their views, the plain one among them.
        size: (height, width) of what the network sees in the plain view, for the costs.
        groups: the group of each photograph (N,).
        half: its half (N,), from :func:`split_halves`.
        options: ``level``, ``num_draws`` and ``seed`` of the intervals.
    """
    plain = next((i,) for i, view in enumerate(tta.views.values()) if is_plain(view))
    single = [tta.view_cost(name, size) for name in tta.views]
    costs = {subset: sum(single[i] for i in subset) for subset in pool.subsets}
    fronts = [pareto(pool.scores(which), costs, plain) for which in (None, 0, 1)]
    matrices = pool.matrices(sorted({subset for front in fronts for subset in front}))
    judge, scores = Judge(matrices, plain, groups, options), pool.scores()
    first, second = (judge.on(half == which).pick(fronts[1 + which]) for which in (0, 1))
    # Each half is scored by what was chosen on the other.
    crossed = np.where((half == 0)[:, None, None], matrices[second], matrices[first])
    front = {each: Candidate(each, costs[each], scores[each], judge.gain(matrices[each])) for each in fronts[0]}
    chosen = front[judge.pick(fronts[0])]
    points = [(costs[subset], score) for subset, score in scores.items()]
    return Choice(list(front.values()), front[plain], chosen, judge.gain(crossed), (first, second), points)


def split_halves(groups: npt.NDArray[np.int64], seed: int) -> Halves:
    """Return a half, 0 or 1, for each photograph (N,): random, of about equal size, and without a group in both.

    Raises:
        DataError: there are fewer than two groups.
    """
    labels, sizes = np.unique(groups, return_counts=True)
    if len(labels) < 2:
        raise DataError(f"{len(groups)} photographs in {len(labels)} group cannot tell views apart; give more.")
    totals, half_of = [0, 0], np.zeros(len(labels), np.int64)
    for label in np.random.default_rng(seed).permutation(len(labels)):
        half_of[label] = int(totals[1] < totals[0])
        totals[half_of[label]] += int(sizes[label])
    return half_of[np.searchsorted(labels, groups)]


def pareto(scores: Mapping[Subset, float], costs: Mapping[Subset, float], plain: Subset) -> list[Subset]:
    """Return the subsets, by cost, that score better than all that cost no more; and ``plain`` in its place."""
    front: list[Subset] = []
    best = -np.inf
    for subset in sorted(scores, key=lambda each: (costs[each], -scores[each], each)):
        if scores[subset] > best or subset == plain:
            front.append(subset)
        best = max(best, scores[subset])
    return front
