"""Groups assigned to parts: as good as trying every assignment, far better than chance, the same on every run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from trashseg.data.folds.goal import Goal
from trashseg.data.folds.search import _Search, assign, descend
from trashseg.data.folds.start import iterative_start


def deviation(amounts: np.ndarray, weights: np.ndarray, shares: np.ndarray, parts: np.ndarray) -> float:
    """The objective by its definition, for one assignment."""
    total = 0.0
    for column, weight in zip(amounts.T, weights, strict=True):
        for part, share in enumerate(shares):
            wanted = share * column.sum()
            total += weight * ((column[parts == part].sum() - wanted) / wanted) ** 2
    return total


def every_deviation(amounts: np.ndarray, weights: np.ndarray, shares: np.ndarray, every: np.ndarray) -> np.ndarray:
    """The objective of many assignments (M, G) at once."""
    wanted = shares[:, None] * amounts.sum(0)
    sums = np.stack([(every == part) @ amounts for part in range(len(shares))], axis=1)
    return (weights * ((sums - wanted) / wanted) ** 2).sum((1, 2))


def random_groups(seed: int, num: int, num_columns: int = 4) -> np.ndarray:
    """Amounts whose first column is the size of a group and whose others are rare or frequent labels."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, num)
    labels = rng.poisson(rng.uniform(0.3, 3, num_columns - 1), (num, num_columns - 1)) * sizes[:, None]
    labels[0] += 1
    return np.column_stack([sizes, labels]).astype(np.float64)


@pytest.mark.parametrize("shares", [(1 / 3, 1 / 3, 1 / 3), (0.25, 0.75), (0.5, 0.5)])
@pytest.mark.parametrize("seed", range(4))
def test_no_assignment_of_few_groups_is_better(seed: int, shares: tuple[float, ...]) -> None:
    amounts, weights, wanted = random_groups(seed, 8), np.array([4.0, 1, 1, 2]), np.array(shares)
    every = np.array(list(itertools.product(range(len(shares)), repeat=8)))
    best = every_deviation(amounts, weights, wanted, every).min()
    found = deviation(amounts, weights, wanted, assign(amounts, weights, wanted, seed=seed))
    assert found == pytest.approx(best, rel=1e-3, abs=1e-4)


def test_cost_is_the_objective() -> None:
    rng = np.random.default_rng(0)
    amounts, weights, shares = random_groups(0, 40), rng.uniform(0.5, 4, 4), np.array([0.2, 0.3, 0.5])
    goal = Goal.of(amounts, weights, shares)
    for _ in range(5):
        parts = rng.integers(0, 3, 40)
        assert goal.cost(parts) == pytest.approx(deviation(amounts, weights, shares, parts), rel=1e-4)
    # Whole numbers below 2**53: no order of adding them changes a sum.
    np.testing.assert_array_equal(goal.units, np.rint(goal.units))
    assert 4 * (goal.units.sum(0) ** 2).sum() < 2**53


def test_columns_of_nothing_are_left_out() -> None:
    amounts = random_groups(1, 12)
    padded = np.column_stack([amounts, np.zeros(12)])
    weights, shares = np.ones(5), np.full(3, 1 / 3)
    assert Goal.of(padded, weights, shares).units.shape == (12, 4)
    same = assign(amounts, weights[:4], shares, seed=0), assign(padded, weights, shares, seed=0)
    assert deviation(amounts, weights[:4], shares, same[0]) == deviation(amounts, weights[:4], shares, same[1])


def test_changes_foretell_every_move_and_the_best_exchange_is_made() -> None:
    rng = np.random.default_rng(2)
    goal = Goal.of(random_groups(2, 15), np.ones(4), np.array([0.2, 0.4, 0.4]))
    parts = rng.integers(0, 3, 15)
    changes = _Search(goal, parts.copy()).changes() / 2.0**40
    for group, part in itertools.product(range(15), range(3)):
        moved = parts.copy()
        moved[group] = part
        assert changes[group, part] == pytest.approx(goal.cost(moved) - goal.cost(parts), abs=1e-9)
    search = _Search(goal, parts.copy())
    search.exchange(1, 2)
    costs = []
    for one, other in itertools.product(np.flatnonzero(parts == 1), np.flatnonzero(parts == 2)):
        swapped = parts.copy()
        swapped[one], swapped[other] = 2, 1
        costs.append(goal.cost(swapped))
    assert goal.cost(search.parts) == pytest.approx(min(min(costs), goal.cost(parts)))
    np.testing.assert_array_equal(search.residuals, goal.residuals(search.parts))


def test_descent_ends_where_no_move_helps() -> None:
    goal = Goal.of(random_groups(3, 30), np.ones(4), np.full(3, 1 / 3))
    parts = descend(goal, np.zeros(30, np.int64))
    assert (_Search(goal, parts).changes() >= 0).all()
    assert goal.cost(parts) < 0.1 * goal.cost(np.arange(30) % 3)


def test_far_better_than_chance_and_than_its_own_start() -> None:
    amounts, weights, shares = random_groups(4, 200, 12), np.ones(12), np.full(5, 0.2)
    rng = np.random.default_rng(4)
    chance = [deviation(amounts, weights, shares, rng.permutation(np.arange(200) % 5)) for _ in range(50)]
    start = deviation(amounts, weights, shares, iterative_start(amounts, shares, np.random.default_rng(4)))
    found = deviation(amounts, weights, shares, assign(amounts, weights, shares, seed=4))
    assert found < 0.01 * min(chance)
    assert found < start < min(chance)


def test_the_same_seed_gives_the_same_parts_and_another_gives_others() -> None:
    amounts, weights, shares = random_groups(5, 60), np.ones(4), np.full(5, 0.2)
    first = assign(amounts, weights, shares, seed=1)
    np.testing.assert_array_equal(first, assign(amounts, weights, shares, seed=1))
    assert (first != assign(amounts, weights, shares, seed=2)).any()


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_iterative_stratification_of_single_labels_is_exact(share: float) -> None:
    # Every photograph has one of three labels, in numbers that the shares divide.
    labels = np.repeat(np.eye(3), (10, 20, 50), axis=0)
    amounts = np.column_stack([np.ones(80), labels])
    shares = np.array([share, 1 - share])
    parts = iterative_start(amounts, shares, np.random.default_rng(0))
    for part in (0, 1):
        np.testing.assert_array_equal(amounts[parts == part].sum(0), shares[part] * amounts.sum(0))
