"""The weighted mean of stored probabilities, at full size or at the pixels of a submission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trashseg.maps import most_probable
from trashseg.store import Grid, Store
from trashseg.submission import nearest_pixels
from trashseg.submission.probs import SHRINKS

Map = npt.NDArray[np.uint8]


class Total:
    """A weighted sum of the probabilities of several stores, added up one by one."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None

    def add(self, probs: Tensor, weights: Tensor) -> None:
        """Add probabilities (K, ...) times weights (K,); ``probs`` is used up."""
        own = probs.mul_(weights[:, None, None])
        self._sum = own if self._sum is None else self._sum.add_(own)

    def mean(self) -> Tensor:
        """Return the mean (K, ...), summing to 1; nothing can be added after it."""
        assert self._sum is not None  # weights are above 0 somewhere
        # Stores round, and class weights scale: the sum is 1 for neither.
        return self._sum.div_(self._sum.sum(0).clamp_min_(1e-12))


@dataclass(frozen=True, eq=False)
class Mixture:
    """The mean of stores.

    Args:
        stores: of one set of classes.
        weights: (S, K), trust in what each says of each class; at least 0, a column above 0 somewhere.
    """

    stores: Sequence[Store]
    weights: Tensor

    @classmethod
    def mean(cls, stores: Sequence[Store]) -> Mixture:
        """Return the plain mean."""
        return cls(stores, torch.ones(len(stores), len(stores[0].classes)))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the K classes."""
        return self.stores[0].classes

    def probs(self, name: str) -> Tensor:
        """Return the probabilities of a photograph (K, H, W), float32, summing to 1."""
        return self._mean(lambda store: store.probs(name))

    def sample(self, name: str, grid: Grid) -> Tensor:
        """Return the probabilities at the rows and columns of ``grid`` (K, r, c), float32, summing to 1."""
        return self._mean(lambda store: store.sample(name, grid))

    def small_map(self, name: str, shrink: str) -> Map:
        """Return the class map (256, 256) of a photograph; ``shrink`` is a key of ``SHRINKS``."""
        if shrink == "nearest":  # the same, without the pixels that are not taken
            rows, columns = map(torch.from_numpy, nearest_pixels(self.stores[0].sizes[name]))
            return most_probable(self.sample(name, (rows, columns)))
        return SHRINKS[shrink](self.probs(name))

    def _mean(self, maps: Callable[[Store], Tensor]) -> Tensor:
        total = Total()
        for store, weights in zip(self.stores, self.weights, strict=True):
            if weights.any():
                total.add(maps(store), weights)
        return total.mean()
