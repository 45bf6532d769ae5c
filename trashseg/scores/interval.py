"""Intervals of mIoU, of single classes and of the difference between two recipes; and in plain words what they mean.

Everywhere the classes are those present in the truth or prediction of the whole set, as in its mIoU. A replicate that
lacks one of them keeps its IoU of the whole set.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trashseg.scores.bootstrap import Bootstrap, Interval
from trashseg.scores.ratios import Floats, class_counts

MIN_GROUPS = 5
"""A class that fewer groups show has no interval: its IoU is that of those few scenes, whatever is computed."""

_ANY_VARIANCE = 1 / 12  # of a number that lies anywhere between 0 and 1

Matrices = npt.NDArray[np.integer]
Counts = npt.NDArray[np.number]


def miou_interval(bootstrap: Bootstrap, matrices: Matrices, *, future: int | None = None) -> Interval:
    """Return the mIoU of N photographs and its interval.

    A class that fewer than two groups show leaves no trace in how much the groups differ: its true IoU may then be
    anything from 0 to 1, which widens the interval.

    Args:
        bootstrap: how to resample.
        matrices: confusion matrices (N, K, K), rows the truth.
        future: see :meth:`Bootstrap.intervals`.
    """
    hits, union = class_counts(matrices)
    unknown = _mean_weights(union)[groups_with_class(bootstrap, matrices) < 2]
    doubt = math.sqrt(_ANY_VARIANCE * np.square(unknown).sum())
    return mean_interval(bootstrap, hits, union, doubt=doubt, future=future)


def mean_interval(
    bootstrap: Bootstrap, hits: Counts, totals: Counts, *, doubt: float = 0.0, future: int | None = None
) -> Interval:
    """Return the mean over columns of summed ``hits`` / summed ``totals``, (N, C) each, and its interval.

    Columns without total do not count; for the rest see :meth:`Bootstrap.intervals`.
    """
    weights = _mean_weights(totals)[None]
    (interval,) = bootstrap.intervals(hits, totals, weights, doubt=doubt, future=future)
    return interval


def class_intervals(bootstrap: Bootstrap, matrices: Matrices) -> list[Interval]:
    """Return each class's IoU and interval; NaN for an absent class, no ends where under ``MIN_GROUPS`` show it.

    Args:
        bootstrap: how to resample.
        matrices: confusion matrices (N, K, K), rows the truth.
    """
    hits, union = class_counts(matrices)
    intervals = bootstrap.intervals(hits, union, np.eye(hits.shape[1]))
    shown = groups_with_class(bootstrap, matrices)
    return [
        interval if num_groups >= MIN_GROUPS else replace(interval, low=math.nan, high=math.nan)
        for interval, num_groups in zip(intervals, shown.tolist(), strict=True)
    ]


def groups_with_class(bootstrap: Bootstrap, matrices: Matrices) -> npt.NDArray[np.int64]:
    """Return how many groups of photographs truly show each class, (K,)."""
    shown: npt.NDArray[np.int64] = np.count_nonzero(bootstrap.group_sums(matrices.sum(-1)), axis=0)
    return shown


def difference_interval(bootstrap: Bootstrap, ours: Matrices, theirs: Matrices) -> Interval:
    """Return the mIoU of one recipe less that of another on the same photographs, and its interval.

    What both find easy or hard cancels out, so that this is far narrower than the two intervals apart.

    Args:
        bootstrap: how to resample.
        ours: confusion matrices (N, K, K) of one recipe.
        theirs: those of the other, in the same order.

    Raises:
        ValueError: the matrices do not fit, or their truths differ, so that they are not of the same photographs.
    """
    if ours.shape != theirs.shape or not np.array_equal(ours.sum(-1), theirs.sum(-1)):
        raise ValueError("the two recipes were not scored on the same photographs in the same order")
    (hits, union), (other_hits, other_union) = class_counts(ours), class_counts(theirs)
    weights = np.concatenate([_mean_weights(union), -_mean_weights(other_union)])
    (interval,) = bootstrap.intervals(
        np.hstack([hits, other_hits]), np.hstack([union, other_union]), weights[None], bounded=False
    )
    return interval


def verdict(difference: Interval, ours: str, theirs: str) -> str:
    """Say in a sentence whether ``ours`` is better or worse than ``theirs``, or whether that is noise."""
    percent, size = f"{100 * difference.level:.0f} %", abs(difference.value)
    if math.isnan(difference.low):
        return f"Nobody can tell {ours} from {theirs}: too few photographs, or the same predictions."
    ends = f"by {size:.4f} mIoU ({percent} interval of the difference {difference.low:+.4f} to {difference.high:+.4f})"
    if difference.low > 0:
        return f"{ours} is better than {theirs} {ends}."
    if difference.high < 0:
        return f"{ours} is worse than {theirs} {ends}."
    more = ((difference.high - difference.low) / 2 / size) ** 2 if size else math.inf
    enough = f"about {more:.0f} times as many photographs" if more < 1000 else "no number of photographs in reach"
    side = "above" if difference.value > 0 else "below"
    return f"Noise: {ours} is {side} {theirs} {ends}; {enough} would tell."


def _mean_weights(totals: Counts) -> Floats:
    """Return weights (C,) that take the mean over the ratios which have a total in the whole set."""
    present: Floats = (totals.sum(0) > 0).astype(np.float64)
    present /= max(1.0, present.sum())
    return present
