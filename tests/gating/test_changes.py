"""Scores of restricted steps from counts, against restricting the maps themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.gating.changes import Changes
from trashseg.gating.choice import choose, cross_fitted, halves
from trashseg.post import restrict
from trashseg.types import IGNORE_INDEX

NUM = 4


def matrix(target: np.ndarray, pred: np.ndarray) -> np.ndarray:
    counts = np.zeros((NUM, NUM), np.int64)
    for t, p in zip(target.ravel().tolist(), pred.ravel().tolist(), strict=True):
        if t != IGNORE_INDEX:
            counts[t, p] += 1
    return counts


def maps(seed: int, count: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    values = np.array([0, 1, 2, 3, IGNORE_INDEX], np.uint8)
    return [(rng.choice(values, (6, 7)), *rng.integers(0, NUM, (2, 6, 7), np.uint8)) for _ in range(count)]


@given(seed=st.integers(0, 1000), bits=st.integers(0, 15), count=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_matrices_after_a_restricted_step(seed: int, bits: int, count: int) -> None:
    flags = np.array([bool(bits >> k & 1) for k in range(NUM)])
    changes, scenes = Changes(NUM), maps(seed, count)
    for scene in scenes:
        changes.add(*scene)
    before = np.array([matrix(target, old) for target, old, _ in scenes])
    wanted = np.array([matrix(target, restrict(old, new, flags)) for target, old, new in scenes])
    np.testing.assert_array_equal(changes.matrices(before, flags), wanted)


def test_totals_are_those_of_the_flagged_photographs() -> None:
    changes, scenes = Changes(NUM), maps(5, 3)
    for scene in scenes:
        changes.add(*scene)
    wanted = np.zeros((NUM, NUM, NUM), np.int64)
    for target, old, new in (scenes[0], scenes[2]):
        seen = (target != IGNORE_INDEX) & (old != new)
        np.add.at(wanted, (target[seen], old[seen], new[seen]), 1)
    np.testing.assert_array_equal(changes.totals(np.array([True, False, True])), wanted)


def test_a_step_that_changes_nothing() -> None:
    changes, (target, old, _) = Changes(NUM), maps(1, 1)[0]
    changes.add(target, old, old)
    before = matrix(target, old)[None]
    assert choose(before, {"idle": changes}, np.array([True])).flags.sum() == 0
    np.testing.assert_array_equal(changes.matrices(before, np.ones(NUM, bool)), before)


def test_the_better_setting_is_chosen() -> None:
    target = np.repeat(np.arange(NUM, dtype=np.uint8), 5).reshape(4, 5)
    old = np.zeros_like(target)
    good, poor = Changes(NUM), Changes(NUM)
    good.add(target, old, np.where(target == 3, 3, np.where(target == 0, 2, 0)).astype(np.uint8))
    poor.add(target, old, np.where(target == 3, 3, 0).astype(np.uint8) * (np.arange(5) > 3).astype(np.uint8))
    choice = choose(matrix(target, old)[None], {"poor": poor, "good": good}, np.array([True]))
    assert choice.setting == "good"
    assert choice.flags.tolist() == [False, False, False, True]


def test_no_photograph_has_a_part_in_its_own_choice() -> None:
    changes, scenes, half = Changes(NUM), maps(6, 8), halves(np.arange(8), 0)
    for scene in scenes:
        changes.add(*scene)
    before = np.array([matrix(target, old) for target, old, _ in scenes])
    choice, unseen = cross_fitted(before, {"only": changes}, half)
    assert (unseen != before).any()
    for side in (half, ~half):
        chosen = choose(before, {"only": changes}, ~side)
        np.testing.assert_array_equal(unseen[side], changes.matrices(before, chosen.flags)[side])
        assert (choice.flags <= chosen.flags).all(), "only what both halves chose is kept"


@pytest.mark.parametrize("num_groups", [2, 7])
def test_halves_keep_groups_together(num_groups: int) -> None:
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(num_groups), 3) * 11)
    half = halves(groups, 4)
    sides = {group: set(half[groups == group].tolist()) for group in groups.tolist()}
    assert all(len(side) == 1 for side in sides.values())
    assert abs(sum(True in side for side in sides.values()) - num_groups / 2) < 1
