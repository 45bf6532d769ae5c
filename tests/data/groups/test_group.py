"""Joining pairs to groups, against scipy's connected components."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from trashseg.data.groups import Groups, Pair, merge


def random_pairs(rng: np.random.Generator, count: int, number: int) -> list[Pair]:
    drawn = np.sort(rng.integers(0, count, (number, 2)), axis=1)
    return [Pair(i, j, "scene", 1.0, "drawn") for i, j in drawn.tolist() if i < j]


def reference(count: int, pairs: list[Pair]) -> np.ndarray:
    ends = np.array([(pair.first, pair.second) for pair in pairs]).reshape(-1, 2).T
    return connected_components(coo_matrix((np.ones(ends.shape[1]), ends), (count, count)), directed=False)[1]


@pytest.mark.parametrize("seed", range(6))
def test_labels_are_those_of_connected_components(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = random_pairs(rng, 60, 10 * seed)
    groups, expected = Groups.from_pairs(60, pairs), reference(60, pairs)
    np.testing.assert_array_equal(groups.labels[:, None] == groups.labels, expected[:, None] == expected)
    first_seen = [groups.labels.tolist().index(g) for g in range(len(groups))]
    assert first_seen == sorted(first_seen)
    assert groups.sizes.tolist() == [len(groups.members(g)) for g in range(len(groups))]
    assert groups.labels.dtype == np.int64


def test_every_group_that_is_cut_shows_a_pair() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        groups = Groups.from_pairs(30, random_pairs(rng, 30, 20))
        parts = rng.integers(0, 3, 30)
        cut = {g for g in range(len(groups)) if len(set(parts[groups.members(g)])) > 1}
        crossing = groups.crossing(parts)
        assert all(parts[pair.first] != parts[pair.second] for pair in crossing)
        assert {int(groups.labels[pair.first]) for pair in crossing} == cut


def test_labels_of_any_kind_make_groups() -> None:
    groups = Groups.from_labels(["b", "a", "b", "c", "a", "b"])
    assert groups.labels.tolist() == [0, 1, 0, 2, 1, 0]
    assert [(pair.first, pair.second) for pair in groups.crossing([0, 0, 0, 0, 0, 1])] == [(2, 5)]
    assert Groups.from_labels(np.array([5, 5, 9])).labels.tolist() == [0, 0, 1]
    assert len(Groups.from_labels([])) == 0


def test_merging_joins_what_any_of_them_joins() -> None:
    rng = np.random.default_rng(3)
    one, other = random_pairs(rng, 40, 12), random_pairs(rng, 40, 12)
    both = merge([Groups.from_pairs(40, one), Groups.from_pairs(40, other)])
    np.testing.assert_array_equal(both.labels, Groups.from_pairs(40, one + other).labels)
    with pytest.raises(ValueError, match=r"\[3, 40\]"):
        merge([both, Groups.from_labels("abc")])


def test_parts_must_be_of_the_same_photographs() -> None:
    with pytest.raises(ValueError, match="3 photographs"):
        Groups.from_labels("aab").crossing([0, 1])
