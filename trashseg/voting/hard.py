"""Hard voting: each member has one class for a pixel, the class with the most weight wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_TIE = 1 - 1e-6
"""Sums of weights that differ by less than rounding are a tie: .1 + .2 is not .3."""


def hard_vote(
    maps: Sequence[Map], weights: npt.NDArray[np.floating] | None = None, class_order: Sequence[int] | None = None
) -> Map:
    """Return the class with the most weight at every pixel.

    Most pixels need no count, since all members agree: of six members they are nine in ten.

    Args:
        maps: class ids of M members, of one shape, uint8.
        weights: at least 0; (M,) trust in a member, or (M, K) trust in what it says of each class. None: equal.
        class_order: all class ids; of those that tie, the first in this order wins. None: the class that the first of
            the tied members says, in the order of ``maps``: give the best first.

    Returns:
        Class ids of that shape, uint8.
    """
    shape = maps[0].shape
    # Eight pixels at a time where they come out even: all that follows is per word, but the count.
    word = np.uint64 if maps[0].size % 8 == 0 else np.uint8
    first, *others = (np.ascontiguousarray(each).reshape(-1).view(word) for each in maps)
    differ, change = np.zeros_like(first), np.empty_like(first)
    for other in others:
        differ |= np.bitwise_xor(first, other, out=change)
    places = np.flatnonzero(differ)
    result = first.copy()
    if places.size:
        columns = np.empty((len(maps), places.size), word)
        for column, each in zip(columns, (first, *others), strict=True):
            each.take(places, out=column, mode="clip")  # "raise" would fill a copy of the column first
        result[places] = _count(columns.view(np.uint8), weights, class_order).view(word)
    return result.view(np.uint8).reshape(shape)


def _count(columns: Map, weights: npt.NDArray[np.floating] | None, class_order: Sequence[int] | None) -> Map:
    """Return the winners (U,) of the classes ``columns`` (M, U) that members say."""
    text = columns.tobytes()
    # One sum a class that occurs: a photograph has few.
    said = np.array([k for k in range(int(columns.max()) + 1) if k in text], np.uint8)
    sums = np.stack([_sum(columns == k, k, weights) for k in said])
    most = sums.max(0)
    on_top = sums >= (most if weights is None else most * np.float32(_TIE))
    winners: Map = (on_top * said[:, None]).sum(0, dtype=np.uint8)  # right wherever one alone is on top
    tied = np.flatnonzero(on_top.sum(0, dtype=np.uint8) > 1)
    if tied.size:
        candidates = dict(zip(said.tolist(), on_top[:, tied], strict=True))
        winners[tied] = (
            _first_said(columns[:, tied], candidates)
            if class_order is None
            else _first_listed([k for k in class_order if k in candidates], candidates)
        )
    return winners


def _first_said(columns: Map, candidates: Mapping[int, Mask]) -> Map:
    """Return the first of ``columns`` (M, T) at each pixel that is among those that ``candidates`` (T,) mark."""
    table = np.zeros((max(candidates) + 1, columns.shape[1]), bool)
    for k, mine in candidates.items():
        table[k] = mine
    winners: Map = columns[0].copy()
    places = np.arange(winners.size)
    for column in columns[::-1]:
        np.copyto(winners, column, where=table[column, places])
    return winners


def _first_listed(order: Sequence[int], candidates: Mapping[int, Mask]) -> Map:
    """Return the first class in ``order`` at each pixel that ``candidates`` (T,) mark."""
    winners = np.empty(candidates[order[0]].shape, np.uint8)
    for k in reversed(order):
        winners[candidates[k]] = k
    return winners


def _sum(mine: Mask, k: np.uint8, weights: npt.NDArray[np.floating] | None) -> npt.NDArray[np.integer | np.float32]:
    """Return the weight (U,) of the members that say ``k``: those ``mine`` (M, U) marks."""
    if weights is None:
        counts: npt.NDArray[np.integer] = mine.view(np.uint8).sum(0, dtype=np.min_scalar_type(len(mine)))
        return counts
    trust = np.asarray(weights[:, k] if weights.ndim == 2 else weights, np.float32)
    sums: npt.NDArray[np.float32] = trust @ mine.astype(np.float32)
    return sums
