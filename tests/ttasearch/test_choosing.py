"""Planted views: what helps is found, what only seems to is not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from trashseg.tta import TTA
from trashseg.ttasearch.choosing import choose, pareto, split_halves
from trashseg.ttasearch.pool import Pool, search
from trashseg.ttasearch.subsets import all_subsets, families, greedy
from trashseg.types import DataError

OPTIONS = {"level": 0.9, "num_draws": 300, "seed": 0}
NUM, CLASSES, PIXELS = 40, 3, 400


def planted(noises, seed=0):
    """Photographs whose views see the truth through independent noise, each of its own strength."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(NUM):
        target = rng.integers(CLASSES, size=PIXELS).astype(np.uint8)
        truth = np.eye(CLASSES)[target].T
        odds = np.exp([2 * truth + noise * rng.standard_normal(truth.shape) for noise in noises])
        pairs.append(((255 * odds / odds.sum(1, keepdims=True)).round().astype(np.uint8), target))
    return pairs


@pytest.fixture
def find(as_photographs):
    """Search and choose among the views of ``tta``, the photographs in groups of two."""

    def run(noises, tta, max_exhaustive=12):
        photographs, groups = as_photographs(planted(noises)), np.arange(NUM) // 2
        half = split_halves(groups, 0)
        pool = Pool(lambda: photographs, half.tolist(), CLASSES, "mean")
        how = search(list(tta.views.values()), pool, max_exhaustive)
        return choose(pool, tta, (512, 512), groups, half, **OPTIONS), how, pool

    return run


def test_a_view_that_helps_is_found_and_the_honest_gain_with_it(find):
    choice, how, pool = find((1.5, 1.5, 8), TTA(flips=["none", "horizontal", "vertical"]))
    assert how == "all 7 subsets of 3 views"
    assert choice.chosen.subset == (0, 1)
    assert choice.halves == ((0, 1), (0, 1))
    assert choice.chosen.gain.low > 0
    assert choice.honest.value == pytest.approx(choice.chosen.gain.value)
    assert choice.chosen.cost == 2
    assert choice.plain.subset == (0,)
    assert choice.chosen.miou - choice.plain.miou == pytest.approx(choice.chosen.gain.value)
    assert len(choice.points) == len(pool.subsets) == 7


def test_views_that_do_not_help_leave_the_plain_one(find):
    choice, _, _ = find((0.5, 8, 8, 8), TTA([1.0, 1.5], ["none", "both"]))
    assert choice.chosen == choice.plain
    assert choice.plain.gain.value == choice.honest.value == 0
    assert np.isnan(choice.honest.low)


def test_the_cheaper_of_equally_good_ones_is_taken(find):
    # Views 0 and 1 at scale 1, views 2 and 3 at twice the price and hardly better.
    choice, _, _ = find((1.5, 1.5, 1.49, 1.49), TTA([1.0, 1.5], ["none", "both"]))
    assert set(choice.chosen.subset) <= {0, 1, 2, 3}
    costs = [candidate.cost for candidate in choice.front]
    assert costs == sorted(costs)
    for cheaper in choice.front[: choice.front.index(choice.chosen)]:
        assert not cheaper.gain.low > 0 or cheaper.miou < choice.chosen.miou


def test_many_views_are_searched_greedily(find):
    tta = TTA([0.5, 1.0, 1.5], ["none", "horizontal"])
    full, _, everything = find((3, 3, 1.5, 1.4, 9, 9), tta)
    greedily, how, pool = find((3, 3, 1.5, 1.4, 9, 9), tta, max_exhaustive=3)
    assert "greedy" in how
    assert set(pool.subsets) < set(everything.subsets)
    assert greedily.chosen.subset == full.chosen.subset
    scores = everything.scores()
    assert all(pool.scores()[subset] == scores[subset] for subset in pool.subsets)


def test_greedy_goes_through_every_size():
    views = list(TTA(flips=["none", "horizontal"], rotations=[0, 90]).views.values())
    asked = []

    def score(subsets):
        asked.extend(subsets)
        return {subset: -sum((i - 2) ** 2 for i in subset) for subset in subsets}

    greedy(views, score)
    assert len(asked) == 4 + 3 + 2 + 1
    assert (2,) in asked
    assert (0, 1, 2, 3) in asked
    assert (0, 1) not in asked  # 2 was best


def test_families_hold_whole_sets_of_scales():
    views = list(TTA([0.5, 1.0], ["none", "horizontal", "vertical"]).views.values())
    found = set(families(views))
    assert {(0,), (3,), (0, 3), (0, 1), (0, 2), (0, 1, 3, 4), (0, 1, 2, 3, 4, 5)} <= found
    assert (1, 3) not in found


def test_subsets_that_leave_a_gap_are_not_scored():
    views = list(TTA(crops=["whole", "centre", "top_left"]).views.values())
    assert all(0 in subset for subset in all_subsets(views))
    assert len(all_subsets(views)) == 4


def test_the_front_is_that_of_every_pair():
    rng = np.random.default_rng(1)
    subsets = [s for n in (1, 2, 3) for s in itertools.combinations(range(5), n)]
    scores = dict(zip(subsets, rng.integers(0, 12, len(subsets)) / 12, strict=True))
    costs = {subset: float(sum(subset) + 1) for subset in subsets}
    front = pareto(scores, costs, (0,))
    points = {subset: (costs[subset], scores[subset]) for subset in subsets}
    for subset, (cost, score) in points.items():
        beaten = any(c <= cost and s >= score and (c, s) != (cost, score) for c, s in points.values())
        assert subset == (0,) or not (beaten and subset in front)
        assert beaten or any(points[other] == (cost, score) for other in front)


def test_halves_are_even_and_part_no_group():
    groups = np.random.default_rng(2).integers(0, 30, 200)
    half = split_halves(groups, 0)
    assert all(len(set(half[groups == group])) == 1 for group in range(30))
    assert abs(half.sum() - 100) <= 10
    assert not np.array_equal(half, split_halves(groups, 1))
    with pytest.raises(DataError, match="1 group cannot tell"):
        split_halves(np.zeros(5, int), 0)
