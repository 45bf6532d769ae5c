"""Which photographs an epoch visits, in which order, on which process."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class SampleKey(NamedTuple):
    """What a sampler hands to the data set: the photograph, the epoch, whether it counts, and which visit it is.

    ``repeat`` counts the visits of one photograph within the epoch from 0, so that each is augmented differently.
    """

    position: int
    epoch: int
    counts: bool = True
    repeat: int = 0


class Stream(IntEnum):
    """What random numbers are drawn for: each use has a stream of its own, beside that of the transforms."""

    PASTE = 1
    MIX = 2
    DEVICE = 3


def random_stream(seed: int, key: SampleKey, use: Stream) -> np.random.Generator:
    """Return the random numbers of one visit, decided by (seed, epoch, photograph, repeat, use) alone."""
    return np.random.default_rng([seed, key.epoch, key.position, key.repeat, use])


class EpochSampler:
    """A fresh order each epoch, decided by (seed, epoch) alone and split over the processes.

    In training the few visits that do not divide among the processes are left out of this epoch, so that none is made
    twice. In validation every photograph counts exactly once: processes with fewer get repeats marked
    ``counts=False``, which keep the number of batches equal and are ignored by the metrics.

    Args:
        num_samples: photographs in the split.
        shuffle: a new order each epoch.
        factors: (num_samples,), how often an epoch of training visits each photograph on average; None: once.
        seed: seed of the order.
        rank: this process.
        world_size: number of processes.
    """

    def __init__(
        self,
        num_samples: int,
        *,
        shuffle: bool,
        factors: npt.NDArray[np.float64] | None = None,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.num_samples, self.shuffle, self.seed = num_samples, shuffle, seed
        self.factors = np.ones(num_samples) if factors is None else factors
        self.num_visits = epoch_length(self.factors)
        self.rank, self.world_size = rank, world_size
        self.epoch = 0
        self._made = (0, 0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self.epoch = epoch

    def skip(self, num: int) -> None:
        """Leave out the first ``num`` samples of this process in the current epoch, and in no other."""
        self._made = (self.epoch, num)

    def __len__(self) -> int:
        """Return the number of samples of this process, the same in every epoch."""
        if self.shuffle:
            return self.num_visits // self.world_size
        return -(-self.num_visits // self.world_size)

    def __iter__(self) -> Iterator[SampleKey]:
        """Yield the keys of this process."""
        positions, repeats = self._visits()
        epoch, made = self._made
        visits = range(self.rank, len(self) * self.world_size, self.world_size)
        for visit in visits[made if epoch == self.epoch else 0 :]:
            counts, place = visit < self.num_visits, visit % self.num_visits
            yield SampleKey(int(positions[place]), self.epoch, counts, int(repeats[place]))

    def _visits(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the photograph and the repeat of every visit of the epoch, over all processes."""
        rng = np.random.default_rng([self.seed, self.epoch])
        times = draw_times(self.factors, rng)
        positions = np.repeat(np.arange(self.num_samples), times)
        repeats = np.arange(len(positions)) - np.repeat(np.cumsum(times) - times, times)
        order = np.arange(len(positions))
        if self.shuffle:
            rng.shuffle(order)
        return positions[order], repeats[order]


def epoch_length(factors: npt.NDArray[np.float64]) -> int:
    """Return how many visits :func:`draw_times` gives an epoch."""
    whole, rest = _split(factors)
    return int(whole.sum()) + _num_rest(rest)


def draw_times(factors: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return how often each photograph is visited: ``factors`` (N,) rounded down or up, (N,), of a fixed sum.

    Systematic resampling (Carpenter, Clifford and Fearnhead 1999, "Improved particle filter for nonlinear problems"):
    the whole parts are certain; the fractions, laid end to end in random order, are struck by equidistant points. Each
    is struck once or not at all, with a probability of itself, but for the fraction of one visit that an epoch's whole
    length loses.
    """
    whole, rest = _split(factors)
    num = _num_rest(rest)
    if num:
        order = rng.permutation(len(rest))
        ends = np.cumsum(rest[order])
        ends *= num / ends[-1]
        ends[-1] = num
        struck = np.searchsorted(ends, np.arange(num) + rng.random(), side="right")
        whole[order[struck]] += 1
    return whole


def _split(factors: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the whole parts and the fractions; what rounding errors made of a whole number is one again."""
    near = np.round(factors)
    factors = np.where(np.abs(factors - near) < 1e-9, near, factors)
    whole = np.floor(factors)
    return whole.astype(np.int64), factors - whole


def _num_rest(rest: npt.NDArray[np.float64]) -> int:
    """Return the number of visits that the fractions make: rounded down, so that none is struck twice."""
    return int(rest.sum() + 1e-9)
