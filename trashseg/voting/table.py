"""Members at sampled pixels, on disk: the score of any weighting in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.integer]

STEPS = 254
"""Levels of a probability."""
MAX_WEIGHT = 64
"""Weights are whole numbers up to this, so that sums are exact and do not depend on their order."""


class PixelTable:
    """Probabilities of M members at T pixels of labelled photographs in G groups.

    The sums over members are whole numbers, with the class in their lowest bits: one maximum over the classes gives the
    winner, the lowest class of those that tie.

    Args:
        levels: (M, K, T) uint8, 0..``STEPS``; may lie on disk.
        target: class ids (T,), uint8, none ignored.
        groups: the group of each pixel (T,), 0..G-1.
    """

    def __init__(self, levels: Levels, target: Levels, groups: npt.NDArray[np.integer]) -> None:
        self.num_members, self.num_classes, self.num_pixels = levels.shape
        self.num_groups = int(groups.max(initial=-1)) + 1
        self._levels = levels
        self._bits = max(1, int(self.num_classes - 1).bit_length())
        # The first of these keys holds group and truth; the prediction is added.
        self._cells = (groups.astype(np.int64) * self.num_classes + target) * self.num_classes

    def matrices(self, weights: Weights) -> npt.NDArray[np.int64]:
        """Return the confusion matrices (G, K, K) of the members' mean; ``weights`` are (M,) or (M, K)."""
        return self.count(self.sums(weights))

    def sums(self, weights: Weights) -> npt.NDArray[np.int32]:
        """Return the weighted sums (K, T), shifted left, with the reverse class id in the lowest bits."""
        codes = np.arange(self.num_classes - 1, -1, -1, dtype=np.int32)
        sums = np.repeat(codes[:, None], self.num_pixels, axis=1)
        for member, own in enumerate(self._full(weights)):
            for k in np.flatnonzero(own).tolist():
                self.add(sums, member, k, int(own[k]))
        return sums

    def add(self, sums: npt.NDArray[np.int32], member: int, k: int, weight: int) -> None:
        """Add ``weight`` times what ``member`` says of class ``k`` to ``sums``, in place."""
        sums[k] += np.multiply(self._levels[member, k], weight << self._bits, dtype=np.int32)

    def count(self, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return the confusion matrices (G, K, K) of the winners, rows the truth."""
        winners = (self.num_classes - 1) - (sums.max(0) & ((1 << self._bits) - 1))
        counts = np.bincount(self._cells + winners, minlength=self.num_groups * self.num_classes**2)
        matrices: npt.NDArray[np.int64] = counts.reshape(self.num_groups, self.num_classes, self.num_classes)
        return matrices

    def _full(self, weights: Weights) -> Weights:
        """Return weights as (M, K)."""
        return np.repeat(weights[:, None], self.num_classes, axis=1) if weights.ndim == 1 else weights


class TableWriter:
    """Collects a table on disk, photograph by photograph.

    Args:
        path: the file of the levels.
        num_members: M.
        num_classes: K.
        num_pixels: room for so many pixels.
    """

    def __init__(self, path: Path, num_members: int, num_classes: int, num_pixels: int) -> None:
        shape = (num_members, num_classes, num_pixels)
        self._levels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        self._target, self._groups = np.zeros(num_pixels, np.uint8), np.zeros(num_pixels, np.int32)
        self._end = 0

    def add(
        self,
        members: Callable[[int], npt.NDArray[np.floating]],
        target: Levels,
        known: npt.NDArray[np.bool_],
        group: int,
    ) -> None:
        """Add the pixels of a photograph.

        Args:
            members: gives the probabilities (K, n) of a member; one is in memory at a time.
            target: class ids (n,).
            known: which of the pixels count (n,).
            group: the photograph's.
        """
        place = slice(self._end, self._end + int(known.sum()))
        for member in range(len(self._levels)):
            self._levels[member, :, place] = (members(member)[:, known] * STEPS + 0.5).astype(np.uint8)
        self._target[place], self._groups[place] = target[known], group
        self._end = place.stop

    def table(self) -> PixelTable:
        """Return what was collected."""
        end = self._end
        return PixelTable(self._levels[:, :, :end], self._target[:end], self._groups[:end])
