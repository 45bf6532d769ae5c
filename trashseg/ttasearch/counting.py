"""Confusion matrices of thousands of subsets of views.

A subset's sum is that of another one and one view more, in whole numbers. The number of a class stands in the lowest
bits of its sum, upside down, so that one maximum over the classes gives the winner, the first of equal ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trashseg.ttasearch.cache import Photograph
from trashseg.ttasearch.subsets import Step, Subset, steps

Counts = npt.NDArray[np.int64]

BLOCK = 8192
"""Pixels at a time, so that what is in work stays in the core's cache."""


class Join(NamedTuple):
    """How the levels of views become those of a subset; with a sum the class's number may stand in one term only."""

    op: Callable[..., Any]
    numbered: bool


JOINS = {"mean": Join(np.add, False), "geometric": Join(np.add, False), "max": Join(np.maximum, True)}
"""For each merge: whether levels are added, and their class's numbers with them."""


def tally(
    photographs: Iterable[Photograph],
    owners: Sequence[int],
    subsets: Sequence[Subset],
    num_classes: int,
    merge: str,
) -> Counts:
    """Count all subsets on all photographs.

    Args:
        photographs: N of them.
        owners: to which sum each of them goes (N,), from 0 on.
        subsets: S of them.
        num_classes: K.
        merge: a key of :data:`JOINS`.

    Returns:
        Confusion matrices (max(owners) + 1, S, K, K); rows are the truth.
    """
    plan = steps(subsets)
    counts = np.zeros((max(owners) + 1, len(subsets), num_classes**2), np.int64)
    for owner, photograph in zip(owners, photographs, strict=True):
        counts[owner] += photograph.agreed.ravel()
        for first in range(0, len(photograph.target), BLOCK):
            block = slice(first, first + BLOCK)
            _count(photograph.levels[:, :, block], photograph.target[block], plan, JOINS[merge], counts[owner])
    return counts.reshape(*counts.shape[:2], num_classes, num_classes)


def _count(
    levels: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8], plan: Sequence[Step], join: Join, counts: Counts
) -> None:
    """Add the pixels (V, K, P) and (P,) to ``counts`` (S, K * K)."""
    num_views, num_classes, num_pixels = levels.shape
    bits = (num_classes - 1).bit_length()
    mask = 2**bits - 1
    dtype = np.uint16 if num_views * 255 * 2**bits + mask < 2**16 else np.uint32
    number = (mask - np.arange(num_classes, dtype=dtype))[:, None]
    planes = levels.astype(dtype) << bits
    planes += number * join.numbered
    sums = np.empty((1 + max(step.depth for step in plan) + 1, num_classes, num_pixels), dtype)
    sums[0] = number
    cells = target.astype(np.int64) * num_classes + mask
    best = np.empty(num_pixels, dtype)
    for depth, view, slot in plan:
        join.op(sums[depth], planes[view], out=sums[depth + 1])
        if slot is not None:
            np.maximum.reduce(sums[depth + 1], axis=0, out=best)
            np.bitwise_and(best, mask, out=best)
            counts[slot] += np.bincount(cells - best, minlength=num_classes**2)
