"""What a step changes on labelled photographs, so that the score of any restriction of it can be told afterwards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX

Mask = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


class Changes:
    """Counts of the changed pixels of N photographs by (true class, class before, class after), only those not 0.

    Args:
        num_classes: K.
    """

    def __init__(self, num_classes: int) -> None:
        self._num_classes, self._num_images = num_classes, 0
        self._rows: list[Counts] = []  # of each photograph (M, 5): its number, truth, before, after, pixels

    def add(self, target: Mask, before: Mask, after: Mask) -> None:
        """Count one photograph: class ids (H, W); ``target`` may hold ``IGNORE_INDEX``."""
        changed = (before != after) & (target != IGNORE_INDEX)
        triples = np.stack([part[changed] for part in (target, before, after)])
        shape = 3 * (self._num_classes,)
        keys, pixels = np.unique(np.ravel_multi_index(tuple(triples.astype(np.int64)), shape), return_counts=True)
        number = np.full_like(keys, self._num_images)
        self._rows.append(np.stack([number, *np.unravel_index(keys, shape), pixels], axis=1))
        self._num_images += 1

    def matrices(self, before: Counts, flags: Flags) -> Counts:
        """Return the confusion matrices (N, K, K) after the step, restricted to the flagged classes (K,).

        Args:
            before: those before it (N, K, K), rows the truth.
            flags: as :func:`trashseg.post.restrict` takes them.
        """
        number, truth, old, new, pixels = self._table(flags).T
        matrices = before.copy()
        np.subtract.at(matrices, (number, truth, old), pixels)
        np.add.at(matrices, (number, truth, new), pixels)
        return matrices

    def totals(self, images: Flags) -> Counts:
        """Return the changed pixels (K, K, K) of the flagged photographs (N,), by truth, class before and after."""
        totals = np.zeros(3 * (self._num_classes,), np.int64)
        number, truth, old, new, pixels = self._table(np.ones(self._num_classes, bool)).T
        np.add.at(totals, (truth, old, new), np.where(images[number], pixels, 0))
        return totals

    def _table(self, flags: Flags) -> Counts:
        """Return the rows (M, 5) of all photographs that a step restricted to the flagged classes still changes."""
        rows: Counts = np.concatenate([np.zeros((0, 5), np.int64), *self._rows])
        return rows[flags[rows[:, 2]] | flags[rows[:, 3]]]
