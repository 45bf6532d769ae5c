"""Local search: move one group or exchange two for as long as the parts come closer to the goal."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from trashseg.data.folds.goal import Floats, Goal, Ints
from trashseg.data.folds.start import iterative_start

_MIN_GAIN = 1e-5
"""A round of exchanges that lowers the cost by a smaller share than this is the last one."""

_SHAKEN, _FEWEST_SHAKEN = 0.1, 3
"""The share of the groups that a new try draws anew, and how many at least."""

_GROUPS_TRIED, _MOST_TRIES = 10_000, 40
"""Groups of all tries together, and tries at most: half a second for hundreds of groups, a few for thousands."""


def assign(amounts: Floats, weights: Floats, shares: Floats, *, seed: int) -> Ints:
    """Assign groups to parts so that every column is spread by ``shares``.

    An iterative stratification and a descent, then tries to do better: the best parts so far with some groups drawn
    anew, and a descent (iterated local search; Lourenço, Martin and Stützle 2003).

    Args:
        amounts: (G, C), 0 and more; every group holds something of the first column.
        weights: (C,), how much each column's squared relative deviation counts.
        shares: (P,), they sum to 1.
        seed: the same seed gives the same parts on every machine.

    Returns:
        The part of each group, (G,) int64.
    """
    goal, rng = Goal.of(amounts, weights, shares), np.random.default_rng(seed)
    best = descend(goal, iterative_start(amounts, shares, rng))
    for _ in range(min(_MOST_TRIES, 1 + _GROUPS_TRIED // len(amounts))):
        best = min(best, descend(goal, _shaken(best, len(shares), rng)), key=goal.cost)
    return best


def _shaken(parts: Ints, num_parts: int, rng: np.random.Generator) -> Ints:
    """Return ``parts`` (G,) with some groups at random places."""
    count = min(len(parts), max(_FEWEST_SHAKEN, int(_SHAKEN * len(parts))))
    shaken = parts.copy()
    shaken[rng.choice(len(parts), count, replace=False)] = rng.integers(0, num_parts, count)
    return shaken


def descend(goal: Goal, parts: Ints) -> Ints:
    """Return ``parts`` (G,) improved until neither a move nor an exchange helps any more."""
    search = _Search(goal, parts.copy())
    cost = goal.cost(search.parts)
    while True:
        while search.move():
            pass
        for one, other in combinations(range(len(goal.shares)), 2):
            search.exchange(one, other)
        before, cost = cost, goal.cost(search.parts)
        if cost >= before * (1 - _MIN_GAIN):
            return search.parts


class _Search:
    """The parts of the groups, and what moves would change.

    The change of cost when group u leaves a part with the residual r and the share s is (|u|^2 - 2 u.r) / s^2, when it
    enters one (|u|^2 + 2 u.r) / s^2; an exchange of u and v adds -2 u.v (1 / s^2 + 1 / s'^2) to its two moves.
    """

    def __init__(self, goal: Goal, parts: Ints) -> None:
        self.units, self.parts = goal.units, parts
        self.residuals = goal.residuals(parts)
        self._squares = (goal.units**2).sum(1)
        self._factors = 1 / goal.shares**2

    def changes(self) -> Floats:
        """Return how the cost changes when each group moves to each part, (G, P); 0 where it is already."""
        products = 2 * (self.units @ self.residuals.T)
        rows = np.arange(len(self.parts))
        leave = (self._squares - products[rows, self.parts]) * self._factors[self.parts]
        changes: Floats = leave[:, None] + (self._squares[:, None] + products) * self._factors
        changes[rows, self.parts] = 0
        return changes

    def move(self) -> bool:
        """Make the best move; return whether there was one that helps."""
        changes = self.changes()
        group, part = divmod(int(changes.argmin()), changes.shape[1])
        if changes[group, part] >= 0:
            return False
        self._put(group, part)
        return True

    def exchange(self, one: int, other: int) -> None:
        """Make the best exchange between two parts, where one helps."""
        left, right = np.flatnonzero(self.parts == one), np.flatnonzero(self.parts == other)
        if not (len(left) and len(right)):
            return
        changes, factor = self.changes(), 2 * (self._factors[one] + self._factors[other])
        total = changes[left, other][:, None] + changes[right, one] - factor * (self.units[left] @ self.units[right].T)
        best = int(total.argmin())
        if total.flat[best] < 0:
            i, j = divmod(best, len(right))
            self._put(int(left[i]), other)
            self._put(int(right[j]), one)

    def _put(self, group: int, part: int) -> None:
        """Move ``group`` to ``part``."""
        self.residuals[self.parts[group]] -= self.units[group]
        self.residuals[part] += self.units[group]
        self.parts[group] = part
