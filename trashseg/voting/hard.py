"""Hard voting: each member has one class for a pixel, the class with the most weight wins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.uint8]

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
    first, *others = maps
    result = first.copy()
    differ = np.zeros(first.shape, bool)
    for other in others:
        differ |= other != first
    places = np.flatnonzero(differ)
    if not places.size:
        return result
    columns = np.empty((len(maps), places.size), np.uint8)
    for column, each in zip(columns, maps, strict=True):
        each.take(places, out=column, mode="clip")  # "raise" would fill a copy of the column first
    num_classes = max(len(class_order or ()), int(columns.max(initial=0)) + 1)
    result.reshape(-1)[places] = _count(columns, _full(weights, len(maps), num_classes), class_order)
    return result


def _full(weights: npt.NDArray[np.floating] | None, num_members: int, num_classes: int) -> npt.NDArray[np.float64]:
    """Return weights as (M, K)."""
    if weights is None:
        return np.ones((num_members, num_classes))
    full = np.asarray(weights, np.float64)
    return np.repeat(full[:, None], num_classes, axis=1) if full.ndim == 1 else full


def _count(columns: Map, weights: npt.NDArray[np.float64], class_order: Sequence[int] | None) -> Map:
    """Return the winners (U,) of the classes ``columns`` (M, U) that members say."""
    # One product a class that occurs: a photograph has few.
    occurring = {k: mine for k in range(weights.shape[1]) if (mine := columns == k).any()}
    said = np.array(list(occurring), np.uint8)
    sums = np.stack([weights[:, k].astype(np.float32) @ mine.astype(np.float32) for k, mine in occurring.items()])
    on_top = sums >= sums.max(0) * _TIE
    winners = np.zeros(columns.shape[1], np.uint8)
    for k, mine in zip(said, on_top, strict=True):
        winners[mine] = k
    tied = np.flatnonzero(on_top.sum(0, dtype=np.uint8) > 1)
    order = said if class_order is None else [k for k in class_order if k in said]
    rows = dict(zip(said.tolist(), on_top[:, tied], strict=True))
    claims = columns[:, tied] if class_order is None else np.repeat(np.array(order, np.uint8)[:, None], len(tied), 1)
    winners[tied] = _first_on_top(claims, rows)
    return winners


def _first_on_top(claims: Map, on_top: dict[int, npt.NDArray[np.bool_]]) -> Map:
    """Return for each pixel the first of its ``claims`` (C, T) that is among the classes with the most weight."""
    table = np.zeros((256, claims.shape[1]), bool)
    for k, mine in on_top.items():
        table[k] = mine
    valid = np.take_along_axis(table, claims.astype(np.int64), axis=0)
    chosen: Map = np.take_along_axis(claims, valid.argmax(0)[None], axis=0)[0]
    return chosen
