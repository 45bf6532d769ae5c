"""What a search looks at: the mIoU of members under draws of photograph groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Counts = tuple[int, ...]
"""How often each member is in an ensemble."""
Matrices = npt.NDArray[np.integer]
Draw = npt.NDArray[np.floating]
"""How often each group counts (G,)."""


def miou(matrices: Matrices, draw: Draw | None = None) -> float:
    """Return the mIoU of confusion matrices (G, K, K), summed with the weights of ``draw``; NaN without counts.

    Unlike the reported score it takes the mean over the classes that the labels have. One pixel of a class that they
    lack would cost the reported score a whole class, and a search would only ever look for such pixels.
    """
    total = matrices.sum(0) if draw is None else np.tensordot(draw, matrices, 1)
    hits, truth = total.diagonal().astype(np.float64), total.sum(1)
    union, present = total.sum(0) + truth - hits, truth > 0
    return float((hits[present] / union[present]).mean()) if present.any() else float("nan")


class Scoreboard:
    """Remembers the confusion matrices of ensembles that were tried: draws of groups only weigh them anew.

    Args:
        matrices: gives the confusion matrices (G, K, K) of an ensemble.
    """

    def __init__(self, matrices: Callable[[Sequence[int]], Matrices]) -> None:
        self._matrices = matrices
        self._known: dict[Counts, npt.NDArray[np.int32]] = {}

    def matrices(self, counts: Counts) -> npt.NDArray[np.int32]:
        """Return the confusion matrices (G, K, K) of an ensemble; twice every member is the same as once."""
        reduced = tuple(np.array(counts) // max(1, int(np.gcd.reduce(counts))))
        if reduced not in self._known:
            self._known[reduced] = self._matrices(reduced).astype(np.int32)
        return self._known[reduced]

    def __call__(self, counts: Counts, draw: Draw | None = None) -> float:
        """Return the mIoU of an ensemble, 0..1."""
        return miou(self.matrices(counts), draw)
