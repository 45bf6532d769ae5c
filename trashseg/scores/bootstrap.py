"""How far a score may be off, by resampling the photographs it was measured on.

A score over a set is a mean of ratios of sums, such as mIoU. With photographs that come in groups and classes that few
groups show, the plain percentile bootstrap promises too much: benchmarks/coverage.py measures it. What holds is the
bootstrap-t (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 12), in which each replicate is
measured in a standard error of its own; here symmetric, and on the logit scale for values within 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from trashseg.scores.ratios import Floats, RatioSums
from trashseg.types import ConfigError

_BLOCK = 1 << 17
"""Numbers in flight at a time: they fit into a core's cache, and memory does not grow with the replicates."""
_EDGE = 1e-6  # nearer to 0 and 1 the logit scale ends


@dataclass(frozen=True)
class Interval:
    """A value and the ends that hold the true one with probability ``level``; NaN where the data cannot tell."""

    value: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        """Return the value and the ends with three decimals."""
        ends = "too few photographs for an interval" if np.isnan(self.low) else f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.value:.3f} ({ends})"

    def to_dict(self) -> dict[str, float | None]:
        """Return plain values as JSON can hold them: None for NaN."""
        return {key: None if math.isnan(value) else value for key, value in asdict(self).items()}


class Bootstrap:
    """Draws groups of photographs with replacement.

    Args:
        groups: the group of each photograph (N,), integer: those of one scene share one. None: each is its own.
        level: the probability that an interval is to hold.
        num_draws: replicates.
        seed: decides them.

    Raises:
        ConfigError: ``level`` or ``num_draws`` make no sense.
    """

    def __init__(
        self,
        groups: npt.NDArray[np.integer] | None = None,
        *,
        level: float = 0.9,
        num_draws: int = 2000,
        seed: int = 0,
    ) -> None:
        if not 0.5 <= level < 1:
            raise ConfigError(f"level={level} is no probability for an interval; give 0.5 to 0.99, such as level=0.9.")
        if num_draws < 100:
            raise ConfigError(f"num_draws={num_draws} is too few; give 100 or more, such as num_draws=2000.")
        self.level, self._num_draws, self._seed = level, num_draws, seed
        self._labels = None if groups is None else np.unique(groups, return_inverse=True)[1]

    def group_sums(self, counts: npt.NDArray[np.number]) -> Floats:
        """Return counts of photographs (N, C) summed over their groups (G, C)."""
        if self._labels is None:
            return counts.astype(np.float64)
        sums = np.zeros((self._labels.max(initial=-1) + 1, counts.shape[1]))
        np.add.at(sums, self._labels, counts)
        return sums

    def intervals(
        self,
        hits: npt.NDArray[np.number],
        totals: npt.NDArray[np.number],
        weights: Floats,
        *,
        bounded: bool = True,
        doubt: float = 0.0,
        future: int | None = None,
    ) -> list[Interval]:
        """Return an interval for each weighted sum of ratios, see :class:`RatioSums`.

        Args:
            hits: the numerators' counts (N, C).
            totals: the denominators' counts (N, C).
            weights: (S, C).
            bounded: whether the values lie within 0..1.
            doubt: a standard error that the photographs cannot show, added to theirs.
            future: intervals for the values of another set of so many photographs instead of the true ones.

        Returns:
            S intervals. Their ends are NaN where the groups do not differ: that says nothing about the error, which
            is not the same as that there is none. The value is NaN, too, where none of its ratios has a total.
        """
        sums = RatioSums(self.group_sums(hits), self.group_sums(totals), weights)
        size = None if future is None else max(1, round(future * sums.num_groups / max(1, len(hits))))
        value, error = (part[0] for part in sums.measure(np.ones((1, sums.num_groups))))
        error = np.hypot(error, doubt)
        place, stretch = _transform(value, bounded)
        reach = np.full_like(value, np.nan)
        np.multiply(self._reach(sums, value, bounded, size), error * stretch, out=reach, where=error > 0)
        value = np.where((weights != 0) @ (totals.sum(0) > 0), value, np.nan)
        low, high = (_back(end, bounded).tolist() for end in (place - reach, place + reach))
        return [Interval(*each, self.level) for each in zip(value.tolist(), low, high, strict=True)]

    def _reach(self, sums: RatioSums, value: Floats, bounded: bool, size: int | None) -> Floats:
        """Return how many standard errors (S,) a share ``level`` of the replicates stays within.

        What they estimate is ``value`` or, where ``size`` is given, the value of as many groups drawn anew.
        """
        rng = np.random.default_rng(self._seed)
        misses = []
        for count in self._blocks(max(sums.size, size or 0)):
            estimate, error = sums.measure(_draw(rng, count, sums.num_groups, sums.num_groups))
            aim = value if size is None else sums.values(_draw(rng, count, sums.num_groups, size))
            place, stretch = _transform(estimate, bounded)
            miss = np.abs(place - _transform(aim, bounded)[0])
            # A replicate without error of its own, of a single group say, is off by any number of errors.
            misses.append(np.divide(miss, error * stretch, out=np.full_like(miss, np.inf), where=error > 0))
        reach: Floats = np.quantile(np.concatenate(misses), self.level, axis=0, method="higher")
        return reach

    def _blocks(self, numbers: int) -> Iterator[int]:
        """Yield how many replicates to compute at a time, where one of them takes so many ``numbers``."""
        most = max(1, _BLOCK // numbers)
        for start in range(0, self._num_draws, most):
            yield min(most, self._num_draws - start)


def _draw(rng: np.random.Generator, count: int, num_groups: int, size: int) -> Floats:
    """Draw ``size`` groups with replacement, ``count`` times; return how often each came (count, G)."""
    drawn = rng.integers(num_groups, size=(count, size)) + num_groups * np.arange(count)[:, None]
    times = np.bincount(drawn.ravel(), minlength=count * num_groups)
    return times.reshape(count, num_groups).astype(np.float64)


def _transform(value: Floats, bounded: bool) -> tuple[Floats, Floats]:
    """Return values on the scale of the interval, and by how much that scale stretches there."""
    if not bounded:
        return value, np.ones_like(value)
    inside = value.clip(_EDGE, 1 - _EDGE)
    return np.log(inside / (1 - inside)), 1 / (inside * (1 - inside))


def _back(place: Floats, bounded: bool) -> Floats:
    """Return what :func:`_transform` made ``place`` of."""
    return (1 + np.tanh(place / 2)) / 2 if bounded else place
