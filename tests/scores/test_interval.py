"""Intervals of mIoU: do they hold as often as they promise, and is the sentence right?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trashseg import metrics
from trashseg.scores import (
    Bootstrap,
    Interval,
    board_interval,
    class_intervals,
    difference_interval,
    groups_with_class,
    miou_interval,
    verdict,
)

NUM_CLASSES = 4
PIXELS = np.array([900.0, 60.0, 30.0, 30.0])


def photographs(rng: np.random.Generator, num_groups: int, gain: float = 0.0) -> tuple[np.ndarray, ...]:
    """Return two recipes' matrices (N, K, K) of the same photographs, alike within a scene, and the scenes."""
    groups = np.repeat(np.arange(num_groups), rng.integers(1, 4, num_groups))
    shown = (rng.random((num_groups, NUM_CLASSES)) < [1, 0.7, 0.5, 0.3])[groups]
    area = np.floor(shown * PIXELS * rng.lognormal(0, 0.5, shown.shape))
    ease = rng.normal(0.6, 0.8, (num_groups, NUM_CLASSES))[groups]
    matrices = []
    for extra in (0.0, gain):
        found = 1 / (1 + np.exp(-ease - extra - rng.normal(0, 0.3, ease.shape)))
        matrix = np.zeros((*area.shape, NUM_CLASSES), int)
        missed = np.floor(area * (1 - found)).astype(int)
        for k in range(NUM_CLASSES):
            matrix[:, k, k] = area[:, k] - missed[:, k]
            matrix[:, k, (k + 1) % NUM_CLASSES if k else 1] += missed[:, k]
        matrices.append(matrix)
    return (*matrices, groups)


def miou(matrices: np.ndarray) -> float:
    return float(metrics.mean_iou(torch.from_numpy(matrices.sum(0))))


def test_values_are_those_of_the_metrics() -> None:
    ours, theirs, groups = photographs(np.random.default_rng(0), 20, gain=0.5)
    bootstrap = Bootstrap(groups, num_draws=100)
    assert miou_interval(bootstrap, ours).value == pytest.approx(miou(ours))
    assert difference_interval(bootstrap, ours, theirs).value == pytest.approx(miou(ours) - miou(theirs))
    assert board_interval(bootstrap, ours, 819).value == pytest.approx(miou(ours))
    ious = metrics.iou_per_class(torch.from_numpy(ours.sum(0)))
    assert [interval.value for interval in class_intervals(bootstrap, ours)] == pytest.approx(ious.tolist())


def test_nine_in_ten_intervals_hold() -> None:
    rng = np.random.default_rng(1)
    first, second, _ = photographs(rng, 20_000, gain=0.1)
    true = [miou(first), miou(first) - miou(second), *metrics.iou_per_class(torch.from_numpy(first.sum(0))).tolist()]
    held = []
    for seed in range(200):
        ours, theirs, groups = photographs(rng, 40, gain=0.1)
        bootstrap = Bootstrap(groups, num_draws=200, seed=seed)
        intervals = [miou_interval(bootstrap, ours), difference_interval(bootstrap, ours, theirs)]
        intervals += class_intervals(bootstrap, ours)
        new = miou(photographs(rng, 30)[0])
        held.append([i.low <= value <= i.high for i, value in zip(intervals, true, strict=True)])
        board = board_interval(bootstrap, ours, 60)
        held[-1].append(board.low <= new <= board.high)
    # Two standard errors of a share of 200 are 4 %.
    assert (np.abs(np.mean(held, axis=0) - 0.9) < 0.05 + 0.04).all(), np.mean(held, axis=0)


def test_a_pair_is_told_apart_where_single_intervals_overlap() -> None:
    ours, theirs, groups = photographs(np.random.default_rng(2), 60, gain=0.12)
    bootstrap = Bootstrap(groups, num_draws=500)
    single, other = miou_interval(bootstrap, ours), miou_interval(bootstrap, theirs)
    assert max(single.low, other.low) < min(single.high, other.high)
    difference = difference_interval(bootstrap, theirs, ours)
    assert 0 < difference.low < difference.value < difference.high
    assert "is better than" in verdict(difference, "aug=strong", "aug=light")


def test_rare_classes_have_no_interval_and_widen_that_of_the_mean() -> None:
    ours, _, groups = photographs(np.random.default_rng(3), 30)
    bootstrap = Bootstrap(groups, num_draws=300)
    rare = ours.copy()
    shows = np.flatnonzero(rare[:, 3].sum(1))
    rare[shows[groups[shows] != groups[shows[0]]], 3] = 0
    assert groups_with_class(bootstrap, rare).tolist()[3] == 1
    assert np.isnan(class_intervals(bootstrap, rare)[3].low)
    assert not np.isnan(class_intervals(bootstrap, ours)[3].low)
    known, unknown = miou_interval(bootstrap, ours), miou_interval(bootstrap, rare)
    assert unknown.high - unknown.low > 1.2 * (known.high - known.low)


def test_absent_classes_are_left_out() -> None:
    ours, _, groups = photographs(np.random.default_rng(4), 30)
    wider = np.pad(ours, ((0, 0), (0, 2), (0, 2)))
    bootstrap = Bootstrap(groups, num_draws=200)
    assert miou_interval(bootstrap, wider) == miou_interval(bootstrap, ours)
    absent = class_intervals(bootstrap, wider)[-1]
    assert np.isnan([absent.value, absent.low, absent.high]).all()


def test_other_photographs_are_no_pair() -> None:
    ours, theirs, groups = photographs(np.random.default_rng(5), 10)
    with pytest.raises(ValueError, match="same photographs"):
        difference_interval(Bootstrap(groups), ours, theirs[::-1])


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.02, 0.01, 0.03), "a is better than b by 0.0200"),
        ((-0.02, -0.03, -0.01), "a is worse than b by 0.0200"),
        ((0.01, -0.01, 0.03), "Noise: a is above b by 0.0100 mIoU (90 % interval of the difference -0.0100 to"),
        ((0.01, -0.01, 0.03), "; about 4 times as many photographs would tell."),
        ((-0.01, -0.03, 0.01), "Noise: a is below b"),
        ((0.0, -0.03, 0.03), "no number of photographs"),
        ((0.0, np.nan, np.nan), "Nobody can tell a from b"),
    ],
)  # fmt: skip
def test_verdict(ends: tuple[float, float, float], words: str) -> None:
    assert words in verdict(Interval(*ends, 0.9), "a", "b")
