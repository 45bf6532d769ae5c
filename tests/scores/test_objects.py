"""Objects found, against scipy's labelling and a loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from trashseg.scores.objects import SIZES, object_counts

NUM_CLASSES = 4


def counted(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    counts = np.zeros((3, 2, NUM_CLASSES), int)
    for k in range(1, NUM_CLASSES):
        labels, num = ndimage.label(target == k, np.ones((3, 3)))
        for label in range(1, num + 1):
            own = labels == label
            side = 512 * np.sqrt(own.sum() / target.size)  # as if the photograph were 512 x 512
            size = 0 if side < 32 else 1 if side < 96 else 2
            counts[size, 1, k] += 1
            counts[size, 0, k] += (pred[own] == k).mean() >= 0.5
    return counts


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (96 + seed, 120)
    fields = [ndimage.gaussian_filter(rng.standard_normal((NUM_CLASSES, *shape)), (0, 3, 3)) for _ in range(2)]
    target = (fields[0] * [[[1.6]], [[1]], [[1]], [[1]]]).argmax(0).astype(np.uint8)
    pred = (fields[0] + 0.8 * fields[1]).argmax(0).astype(np.uint8)
    target[rng.random(shape) < 0.02] = 255
    expected = counted(pred, target)
    np.testing.assert_array_equal(object_counts(pred, target, NUM_CLASSES), expected)
    assert (expected[:, 1].sum(1) > 0).sum() >= 2
    assert 0 < expected[:, 0].sum() < expected[:, 1].sum()


def test_half_of_the_pixels_is_enough() -> None:
    target = np.zeros((64, 64), np.uint8)
    target[10:14, 10:20] = 2
    pred = np.zeros_like(target)
    pred[10:14, 10:15] = 2
    assert object_counts(pred, target, NUM_CLASSES)[:, 0, 2].sum() == 1
    pred[10, 10] = 1
    assert object_counts(pred, target, NUM_CLASSES)[:, 0, 2].sum() == 0


def test_corners_connect_and_classes_part() -> None:
    target = np.zeros((64, 64), np.uint8)
    target[5, 5] = target[6, 6] = 1
    target[6, 5] = 3
    counts = object_counts(target, target, NUM_CLASSES)
    assert counts.shape == (len(SIZES), 2, NUM_CLASSES)
    np.testing.assert_array_equal(counts[0], [[0, 1, 0, 1]] * 2)
    assert not counts[1:].any()


def test_no_object() -> None:
    assert not object_counts(np.ones((9, 9), np.uint8), np.zeros((9, 9), np.uint8), NUM_CLASSES).any()
