"""Greedy choice of members, with replacement, bagged over members and photographs so that luck does not choose.

R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from libraries of models", ICML 2004.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt

from trashseg.voting.objective import Counts, Draw, Scoreboard
from trashseg.voting.table import MAX_WEIGHT

Score = Callable[[Counts], float]

FEW = 10
"""Of so few members a random half might hold none that is any good."""


def greedy(score: Score, num_members: int, *, candidates: Collection[int] | None = None, max_size: int = 15) -> Counts:
    """Return how often to take each member: the best one, then again and again the one that helps most.

    Args:
        score: of an ensemble, higher is better.
        num_members: M.
        candidates: members that may be taken; None: all.
        max_size: members in all, repeated ones counted; the search ends there or where every addition harms.
    """
    allowed = range(num_members) if candidates is None else sorted(candidates)
    best, best_score = _best_addition(score, (0,) * num_members, allowed)
    current = best
    for _ in range(max_size - 1):
        current, current_score = _best_addition(score, current, allowed)
        # A step that only keeps the score may lead to one that raises it.
        if current_score < best_score:
            break
        if current_score > best_score:
            best, best_score = current, current_score
    return best


def bagged_greedy(
    board: Scoreboard, num_members: int, num_groups: int, *, num_bags: int = 20, seed: int = 0, draw: Draw | None = None
) -> npt.NDArray[np.int64]:
    """Return whole weights (M,), up to ``MAX_WEIGHT``: the mean of greedy choices on draws of members and groups.

    Args:
        board: scores ensembles.
        num_members: M.
        num_groups: G.
        num_bags: greedy choices to average; each sees as many groups as there are, drawn with replacement, and of more
            than ``FEW`` members a random half. 0: one choice among all, on all groups.
        seed: of the draws.
        draw: how often each group counts (G,), 0 for those that must not be looked at; None: once.
    """
    rng = np.random.default_rng(seed)
    whole = np.ones(num_groups) if draw is None else draw
    if num_bags == 0:
        return _whole(np.array(greedy(functools.partial(board, draw=whole), num_members), np.float64))
    total = np.zeros(num_members)
    num_candidates = num_members if num_members <= FEW else -(-num_members // 2)
    for _ in range(num_bags):
        bag = rng.multinomial(int(whole.sum()), whole / whole.sum()).astype(np.float64)
        candidates = rng.choice(num_members, num_candidates, replace=False).tolist()
        chosen = greedy(functools.partial(board, draw=bag), num_members, candidates=candidates)
        total += np.array(chosen, np.float64) / sum(chosen)
    return _whole(total)


def _best_addition(score: Score, counts: Counts, allowed: Collection[int]) -> tuple[Counts, float]:
    """Return the best ensemble with one member more, and its score."""
    tried = [(*counts[:member], counts[member] + 1, *counts[member + 1 :]) for member in allowed]
    scores = [score(each) for each in tried]
    best = int(np.argmax(scores))
    return tried[best], scores[best]


def _whole(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return weights as whole numbers, the largest ``MAX_WEIGHT``."""
    whole: npt.NDArray[np.int64] = np.rint(weights / weights.max() * MAX_WEIGHT).astype(np.int64)
    return whole
