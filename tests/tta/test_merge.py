"""Merging against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trashseg.tta import MERGES

SIZE = (9, 7)
PARTS = [((slice(0, 9), slice(0, 7)), None), ((slice(2, 8), slice(1, 5)), 1), ((slice(0, 4), slice(3, 7)), 2)]


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


@pytest.fixture
def views():
    """Logits of three views with their parts and weights, double precision."""
    rng = np.random.default_rng(0)
    found = []
    for part, seed in PARTS:
        shape = tuple(each.stop - each.start for each in part)
        weight = np.ones(()) if seed is None else rng.uniform(0.1, 1, shape)
        found.append((4 * rng.standard_normal((2, 5, *shape)), part, weight))
    return found


def at(y: int, x: int, views) -> tuple[np.ndarray, list[float]]:
    """Return the probabilities (views, N, K) and weights of the views that see a pixel."""
    probs, weights = [], []
    for logits, (rows, columns), weight in views:
        if rows.start <= y < rows.stop and columns.start <= x < columns.stop:
            place = y - rows.start, x - columns.start
            probs.append(softmax(logits)[(..., *place)])
            weights.append(float(np.broadcast_to(weight, logits.shape[2:])[place]))
    return np.array(probs), weights


MEANS = {
    "mean": lambda probs, weights: np.average(probs, axis=0, weights=weights),
    "max": lambda probs, _: probs.max(0),
    "geometric": lambda probs, weights: np.exp(np.average(np.log(probs), axis=0, weights=weights)),
}


def expected(merge: str, views) -> np.ndarray:
    result = np.zeros((2, 5, *SIZE))
    for y, x in np.ndindex(SIZE):
        result[:, :, y, x] = MEANS[merge](*at(y, x, views))
    return result / result.sum(1, keepdims=True)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["whole first", "whole last"])
@pytest.mark.parametrize("name", MERGES)
def test_merges_are_those_of_numpy(name, views, order):
    merge = MERGES[name](SIZE)
    for i in order:
        logits, part, weight = views[i]
        merge.add(torch.from_numpy(logits).float(), part, torch.from_numpy(weight).float())
    np.testing.assert_allclose(merge.result().numpy(), expected(name, views), atol=2e-6)


@pytest.mark.parametrize("name", MERGES)
def test_one_view_is_itself(name, views):
    merge = MERGES[name](SIZE)
    logits, part, _ = views[0]
    merge.add(torch.from_numpy(logits).float(), part, torch.ones(()))
    np.testing.assert_allclose(merge.result().numpy(), softmax(logits), atol=1e-6)


def test_the_geometric_mean_bears_a_class_that_is_ruled_out():
    merge = MERGES["geometric"]((1, 1))
    for logits in ([0.0, 200.0, -300.0], [0.0, 190.0, 400.0]):
        merge.add(torch.tensor(logits).view(1, 3, 1, 1), (slice(0, 1), slice(0, 1)), torch.ones(()))
    probs = merge.result()[0, :, 0, 0]
    torch.testing.assert_close(probs.sum(), torch.ones(()))
    assert probs.argmax() == 1  # -0 - 210 against -200 - 500 and -500 - 0
