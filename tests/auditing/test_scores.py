"""The arithmetic of suspicion, against slow references."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trashseg.auditing.scores import PRIOR, TEMPERATURE, quality, soft_min, suggestions, thresholds


def draw(seed: int, count: int = 40, num: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(num, 0.4), count), rng.integers(0, num, count)


@pytest.mark.parametrize("seed", range(3))
def test_thresholds_and_scores_one_by_one(seed: int) -> None:
    means, labels = draw(seed)
    background = np.array([0.9, math.nan, 0.8])
    own = [row[k] for row, k in zip(means, labels, strict=True) if k]
    usual = [0.85]
    for k in range(1, 5):
        of_class = [row[k] for row, label in zip(means, labels, strict=True) if label == k]
        usual.append((sum(of_class) + PRIOR * sum(own) / len(own)) / (len(of_class) + PRIOR))
    found = thresholds(means, labels, background)
    np.testing.assert_allclose(found, usual)
    suggested = suggestions(means, labels)
    scores = quality(means, labels, suggested, found)
    for row, label, other, score in zip(means, labels, suggested, scores, strict=True):
        assert row[other] == max(value for k, value in enumerate(row) if k != label)
        assert score == pytest.approx(0.5 + (row[label] - usual[label] - row[other] + usual[other]) / 4)
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_a_hard_class_is_not_suspected_throughout() -> None:
    # Class 1 is always predicted at 0.9; class 2 at 0.45, beside class 1.
    easy, hard = np.tile([0.05, 0.9, 0.05], (60, 1)), np.tile([0.1, 0.45, 0.45], (60, 1))
    wrong = np.array([[0.05, 0.05, 0.9]])  # labelled 1
    means, labels = np.concatenate([easy, hard, wrong]), np.repeat([1, 2, 1], [60, 60, 1])
    suggested = suggestions(means, labels)
    scores = quality(means, labels, suggested, thresholds(means, labels, np.array([0.95])))
    assert scores[:-1].min() > 0.5
    assert scores[-1] < 0.2


def test_nothing_to_go_by() -> None:
    means, labels = np.array([[0.2, 0.8]]), np.array([0])
    usual = thresholds(means, labels, np.array([math.nan]))
    np.testing.assert_array_equal(usual, [1.0, 0.0])
    assert math.isnan(soft_min(np.array([])))


def test_soft_minimum() -> None:
    values = np.random.default_rng(0).random(50)
    weights = [math.exp((1 - value) / TEMPERATURE) for value in values]
    expected = sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
    assert soft_min(values) == pytest.approx(expected)
    assert soft_min(values.astype(np.float32)) == pytest.approx(expected, abs=1e-5)
    assert soft_min(np.full(9, 0.3)) == pytest.approx(0.3)
