"""Boundary IoU against the paper's way: one erosion a class."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from trashseg.scores.boundary import boundary_counts, near_outline, strip_width

NUM_CLASSES = 5


def blobs(seed: int, shape: tuple[int, int], ignored: float = 0.0) -> np.ndarray:
    """Return class ids in smooth regions, some of them ignored."""
    rng = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(rng.standard_normal((NUM_CLASSES, *shape)), (0, 4, 4))
    mask = fields.argmax(0).astype(np.uint8)
    mask[ndimage.gaussian_filter(rng.standard_normal(shape), 4) > np.quantile(fields, 1 - ignored)] = 255
    return mask


def strip_by_erosion(mask: np.ndarray, k: int, distance: int) -> np.ndarray:
    """Erode class ``k`` by ``distance`` 3x3 squares, nothing lying outside the picture, as the paper does."""
    inside = ndimage.binary_erosion(mask == k, np.ones((3, 3)), iterations=distance, border_value=0)
    return (mask == k) & ~inside


@pytest.mark.parametrize("shape", [(60, 80), (37, 91), (128, 20)])
@pytest.mark.parametrize("distance", [1, 2, 5, 9])
def test_strip_is_what_erosion_takes_from_each_class(shape: tuple[int, int], distance: int) -> None:
    mask = blobs(distance, shape)
    near = near_outline(mask, distance)
    assert 0 < near.mean() <= 1
    for k in range(NUM_CLASSES):
        np.testing.assert_array_equal(near & (mask == k), strip_by_erosion(mask, k, distance))


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_erosion(seed: int) -> None:
    shape = (110 + 7 * seed, 150 - 9 * seed)
    target, pred = blobs(seed, shape, ignored=0.05), blobs(100 + seed, shape)
    pred = np.where(blobs(200 + seed, shape) < 3, np.where(target == 255, pred, target), pred)  # right in large parts
    distance = round(0.02 * float(np.sqrt(shape[0] ** 2 + shape[1] ** 2)))
    assert strip_width(*shape) == distance
    shown = np.where(target == 255, 255, pred).astype(np.uint8)
    expected = []
    for k in range(NUM_CLASSES):
        truth, found = (strip_by_erosion(mask, k, distance) for mask in (target, shown))
        expected.append(((truth & found).sum(), (truth | found).sum()))
    counts = boundary_counts(pred, target, NUM_CLASSES)
    np.testing.assert_array_equal(counts, np.array(expected).T)
    assert (counts[0] > 0).all()
    assert (counts[0] < counts[1]).any()


def test_a_perfect_prediction_scores_one_and_a_shift_costs_more_than_in_iou() -> None:
    target = np.zeros((200, 200), np.uint8)
    target[60:140, 60:140] = 1
    hits, union = boundary_counts(target, target, 2)
    np.testing.assert_array_equal(hits, union)
    hits, union = boundary_counts(np.roll(target, 4, axis=1), target, 2)
    assert hits[1] / union[1] < 0.6 < 80 * 76 / (80 * 84)


def test_an_ignored_photograph_counts_nothing() -> None:
    assert not boundary_counts(blobs(0, (50, 60)), np.full((50, 60), 255, np.uint8), NUM_CLASSES).any()


def test_the_strip_has_at_least_one_pixel() -> None:
    assert strip_width(10, 10) == 1
    assert strip_width(512, 512) == 14
