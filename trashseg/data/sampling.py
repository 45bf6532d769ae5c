"""Which photographs an epoch visits, in which order, on which process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler


class SampleKey(NamedTuple):
    """What a sampler hands to the data set: the photograph, the epoch, and whether it counts."""

    position: int
    epoch: int
    counts: bool = True


class EpochSampler(Sampler[SampleKey]):
    """A fresh order each epoch, decided by (seed, epoch) alone and split over the processes.

    In training the few photographs that do not divide among the processes are left out of this epoch, so that none is
    seen twice. In validation every photograph counts exactly once: processes with fewer get repeats marked
    ``counts=False``, which keep the number of batches equal and are ignored by the metrics.

    Args:
        num_samples: photographs in the split.
        shuffle: a new order each epoch.
        seed: seed of the order.
        rank: this process.
        world_size: number of processes.
    """

    def __init__(self, num_samples: int, *, shuffle: bool, seed: int = 0, rank: int = 0, world_size: int = 1) -> None:
        self.num_samples, self.shuffle, self.seed = num_samples, shuffle, seed
        self.rank, self.world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of samples of this process."""
        if self.shuffle:
            return self.num_samples // self.world_size
        return -(-self.num_samples // self.world_size)

    def __iter__(self) -> Iterator[SampleKey]:
        """Yield the keys of this process."""
        order = np.arange(self.num_samples)
        if self.shuffle:
            np.random.default_rng([self.seed, self.epoch]).shuffle(order)
        for position in range(self.rank, len(self) * self.world_size, self.world_size):
            counts = position < self.num_samples
            yield SampleKey(int(order[position % self.num_samples]), self.epoch, counts)
