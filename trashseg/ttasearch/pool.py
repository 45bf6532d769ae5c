"""The subsets that a search has scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from trashseg.scores import miou_per_matrix
from trashseg.tta import View
from trashseg.ttasearch.cache import Photograph
from trashseg.ttasearch.counting import Counts, tally
from trashseg.ttasearch.subsets import Subset, all_subsets, families, greedy


class Pool:
    """Counts of subsets, each on two halves of the photographs.

    Args:
        photographs: gives all N, in the same order each time.
        half: in which half each lies (N,), 0 or 1.
        num_classes: K.
        merge: how views become one map.
    """

    def __init__(
        self, photographs: Callable[[], Iterable[Photograph]], half: Sequence[int], num_classes: int, merge: str
    ) -> None:
        self._photographs, self._half, self._num_classes, self._merge = photographs, half, num_classes, merge
        self._counts: dict[Subset, Counts] = {}

    @property
    def subsets(self) -> list[Subset]:
        """The subsets scored so far."""
        return list(self._counts)

    def add(self, subsets: Iterable[Subset]) -> None:
        """Count ``subsets``, those that are new, in one pass over the photographs."""
        new = [subset for subset in dict.fromkeys(subsets) if subset not in self._counts]
        if new:
            self._counts |= zip(new, self._tally(self._half, new).swapaxes(0, 1), strict=True)

    def scores(self, half: int | None = None) -> dict[Subset, float]:
        """Return the mIoU of every subset, on one half or on all photographs."""
        halves = [0, 1] if half is None else [half]
        matrices = np.array([counts[halves].sum(0) for counts in self._counts.values()])
        return dict(zip(self._counts, miou_per_matrix(matrices).tolist(), strict=True))

    def matrices(self, subsets: Sequence[Subset]) -> dict[Subset, Counts]:
        """Return confusion matrices (N, K, K) of every photograph for each of a few subsets."""
        return dict(zip(subsets, self._tally(range(len(self._half)), subsets).swapaxes(0, 1), strict=True))

    def _tally(self, owners: Sequence[int], subsets: Sequence[Subset]) -> Counts:
        return tally(self._photographs(), owners, subsets, self._num_classes, self._merge)


def search(views: Sequence[View], pool: Pool, max_exhaustive: int) -> str:
    """Score subsets of the views: all, or those of a greedy search and of symmetric families; say which.

    Args:
        views: in the order of the photographs' levels.
        pool: where the counts go.
        max_exhaustive: up to how many views all subsets are scored.
    """
    if len(views) <= max_exhaustive:
        pool.add(all_subsets(views))
        return f"all {len(pool.subsets)} subsets of {len(views)} views"

    def score(subsets: list[Subset]) -> Mapping[Subset, float]:
        pool.add(subsets)
        scores = pool.scores()
        return {subset: scores[subset] for subset in subsets}

    pool.add(families(views))
    greedy(views, score)
    return f"{len(pool.subsets)} subsets of {len(views)} views: greedy from each size on, and sets of scales"
