"""Weights of members, or of what each says of each class, by coordinate search on the mIoU itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trashseg.voting.objective import Draw, miou
from trashseg.voting.table import MAX_WEIGHT, PixelTable

Weights = npt.NDArray[np.int64]

_STEPS = (32, 16, 8, 4)
_LEAST_GAIN = 1e-5  # smaller ones are found in noise without end


def tune_weights(
    table: PixelTable, start: Weights, *, by_class: bool = False, draw: Draw | None = None, max_rounds: int = 3
) -> Weights:
    """Return the weights that a coordinate search with shrinking steps ends with.

    The mIoU of class maps has no gradient, and what has one (cross-entropy, soft IoU) prefers other weights.

    Args:
        table: members at sampled pixels.
        start: whole weights (M,), 0..``MAX_WEIGHT``.
        by_class: tune a weight for each member and class rather than for each member.
        draw: how often each group counts (G,); None: once.
        max_rounds: passes over all weights at each size of step; a pass without a gain ends them.

    Returns:
        (M,), or (M, K) with ``by_class``; 0..``MAX_WEIGHT``.
    """
    weights = np.repeat(start[:, None], table.num_classes, axis=1)
    columns = [[k] for k in range(table.num_classes)] if by_class else [list(range(table.num_classes))]
    state = _State(table, weights, draw)
    for step in _STEPS:
        for _ in range(max_rounds):
            gains = [state.try_change(*change, step) for change in _coordinates(table.num_members, columns)]
            if not any(gains):
                break
    return weights if by_class else weights[:, 0]


class _State:
    """Weights with their sums; a change that raises the score stays.

    Args:
        table: members at sampled pixels.
        weights: (M, K), changed in place.
        draw: see :func:`tune_weights`.
    """

    def __init__(self, table: PixelTable, weights: Weights, draw: Draw | None) -> None:
        self._table, self._weights, self._draw = table, weights, draw
        self._sums = table.sums(weights)
        self._best = miou(table.count(self._sums), draw)

    def try_change(self, member: int, classes: Sequence[int], step: int) -> bool:
        """Raise, else lower, the weights of ``member`` for ``classes``; say whether either helped."""
        return any(self._moved(member, classes, change) for change in (step, -step))

    def _moved(self, member: int, classes: Sequence[int], change: int) -> bool:
        own = self._weights[member]
        new = int(np.clip(own[classes[0]] + change, 0, MAX_WEIGHT))
        change = new - int(own[classes[0]])
        if not change or not (self._weights.sum(0)[classes] + change > 0).all():
            return False
        self._shift(member, classes, change)
        found = miou(self._table.count(self._sums), self._draw)
        if found > self._best + _LEAST_GAIN:
            self._best = found
            own[classes] = new
            return True
        self._shift(member, classes, -change)
        return False

    def _shift(self, member: int, classes: Sequence[int], change: int) -> None:
        for k in classes:
            self._table.add(self._sums, member, k, change)


def _coordinates(num_members: int, columns: Sequence[Sequence[int]]) -> Iterator[tuple[int, Sequence[int]]]:
    for classes in columns:
        for member in range(num_members):
            yield member, classes
