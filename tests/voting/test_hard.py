"""Hard votes against counting by hand, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from trashseg.voting import hard_vote


def by_hand(said: Sequence[int], weights: npt.NDArray[np.float64], class_order: Sequence[int] | None) -> int:
    sums: dict[int, float] = {}
    for member, k in enumerate(said):
        sums[k] = sums.get(k, 0.0) + weights[member, k]
    best = max(sums.values())
    tied = [k for k, value in sums.items() if value >= best - 1e-9]
    if class_order is not None:
        return min(tied, key=list(class_order).index)
    return next(k for k in said if k in tied)


@pytest.mark.parametrize("num_members", [1, 2, 3, 6])
@pytest.mark.parametrize("kind", ["equal", "members", "classes"])
@pytest.mark.parametrize("ordered", [False, True])
def test_votes_are_those_counted_by_hand(num_members: int, kind: str, ordered: bool) -> None:
    rng = np.random.default_rng(num_members)
    num_classes, shape = 5, (13, 17) if ordered else (12, 16)  # pixels that come out even by eight, and not
    maps = [rng.integers(num_classes, size=shape).astype(np.uint8) for _ in range(num_members)]
    full = {
        "equal": np.ones((num_members, num_classes)),
        # Few different values, so that sums tie.
        "members": np.repeat(rng.choice([0.1, 0.2, 0.3], num_members)[:, None], num_classes, axis=1),
        "classes": rng.choice([0.1, 0.2, 0.3], (num_members, num_classes)),
    }[kind]
    given = {"equal": None, "members": full[:, 0], "classes": full}[kind]
    order = rng.permutation(num_classes).tolist() if ordered else None
    found = hard_vote(maps, given, order)
    assert found.dtype == np.uint8
    said = np.stack(maps).reshape(num_members, -1).T
    expected = [by_hand(row.tolist(), full, order) for row in said]
    np.testing.assert_array_equal(found.ravel(), expected)


def test_unanimous_maps_stay() -> None:
    only = np.full((4, 4), 10, np.uint8)
    np.testing.assert_array_equal(hard_vote([only, only.copy()]), only)


def test_a_heavier_member_overrules_two() -> None:
    maps = [np.full((2, 2), k, np.uint8) for k in (1, 2, 2)]
    assert (hard_vote(maps) == 2).all()
    assert (hard_vote(maps, np.array([3.0, 1.0, 1.0])) == 1).all()


def test_three_tenths_tie_with_one_and_two() -> None:
    maps = [np.full((1, 1), k, np.uint8) for k in (4, 4, 2)]
    weights = np.array([0.1, 0.2, 0.3])
    assert hard_vote(maps, weights)[0, 0] == 4
    assert hard_vote(maps[::-1], weights[::-1].copy())[0, 0] == 2
