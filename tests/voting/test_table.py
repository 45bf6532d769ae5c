"""The table of sampled pixels against numpy in floating point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from trashseg.voting import MAX_WEIGHT, PixelTable, Scoreboard, TableWriter, bagged_greedy, greedy, miou, tune_weights

Floats = npt.NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def make(
    path: Path, skills: list[float], num_classes: int = 4, num_pixels: int = 3000, num_groups: int = 12, seed: int = 0
) -> tuple[PixelTable, Floats, npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Members whose true class gets a logit of their skill more, in noise of their own; every seventh is ignored."""
    rng = np.random.default_rng(seed)
    target = rng.integers(num_classes, size=num_pixels).astype(np.uint8)
    groups = np.sort(rng.integers(num_groups, size=num_pixels))
    logits = rng.normal(size=(len(skills), num_classes, num_pixels))
    logits[:, target, np.arange(num_pixels)] += np.array(skills)[:, None]
    probs = softmax(logits)
    known = np.arange(num_pixels) % 7 > 0
    writer = TableWriter(path / "levels.npy", len(skills), num_classes, num_pixels)
    for group in range(num_groups):
        mine = groups == group
        writer.add(lambda member, mine=mine: probs[member][:, mine], target[mine], known[mine], group)
    return writer.table(), probs[:, :, known], target[known], groups[known]


def counted(pred: npt.NDArray[np.int64], target: npt.NDArray[np.uint8], groups: Floats, shape: int) -> Floats:
    matrices = np.zeros((int(groups.max()) + 1, shape, shape))
    np.add.at(matrices, (groups, target, pred), 1)
    return matrices


@pytest.mark.parametrize("weights", [[1, 0, 0], [1, 1, 1], [64, 3, 17]])
def test_matrices_are_those_of_the_weighted_mean(tmp_path: Path, weights: list[int]) -> None:
    table, probs, target, groups = make(tmp_path, [1.0, 0.5, 0.2])
    levels = np.floor(probs * 254 + 0.5)
    mean = np.tensordot(np.array(weights, float), levels, 1)
    expected = counted(mean.argmax(0), target, groups, 4)
    np.testing.assert_array_equal(table.matrices(np.array(weights)), expected)
    # Rounding to levels moves few pixels.
    exact = counted(np.tensordot(np.array(weights, float), probs, 1).argmax(0), target, groups, 4)
    assert np.abs(expected - exact).sum() < 0.02 * len(target)


def test_weights_by_class(tmp_path: Path) -> None:
    table, probs, target, groups = make(tmp_path, [1.0, 0.5])
    weights = np.array([[1, 2, 3, 4], [4, 0, 2, 1]])
    mean = (np.floor(probs * 254 + 0.5) * weights[:, :, None]).sum(0)
    np.testing.assert_array_equal(table.matrices(weights), counted(mean.argmax(0), target, groups, 4))


def test_many_classes(tmp_path: Path) -> None:
    table, probs, target, groups = make(tmp_path, [1.0, 0.5], num_classes=70)
    mean = np.floor(probs * 254 + 0.5).sum(0)
    np.testing.assert_array_equal(table.matrices(np.array([1, 1])), counted(mean.argmax(0), target, groups, 70))


def test_miou_is_that_of_a_loop() -> None:
    matrices = np.random.default_rng(0).integers(9, size=(5, 3, 3))
    matrices[:, 2] = 0  # predicted, though no label has it
    draw = np.array([0, 2, 1, 0, 3.0])
    total = sum(weight * each for weight, each in zip(draw, matrices, strict=True))
    ious = [total[k, k] / (total[k].sum() + total[:, k].sum() - total[k, k]) for k in range(2)]
    assert miou(matrices, draw) == pytest.approx(np.mean(ious))
    assert np.isnan(miou(np.zeros((2, 3, 3))))


def test_greedy_takes_the_best_then_what_helps() -> None:
    # The score of a set of numbers is how near their mean comes to 1.
    values = [0.8, 1.6, 5.0]

    def score(counts: tuple[int, ...]) -> float:
        return -abs(np.dot(counts, values) / sum(counts) - 1)

    assert greedy(score, 3) == (3, 1, 0)
    assert greedy(score, 3, candidates=[1, 2]) == (0, 1, 0)
    assert greedy(score, 3, max_size=1) == (1, 0, 0)


def test_bagging_finds_the_good_members_and_leaves_the_useless_out(tmp_path: Path) -> None:
    table, *_ = make(tmp_path, [1.0, 1.0, 0.9, -0.3], num_pixels=20_000)
    board = Scoreboard(lambda counts: table.matrices(np.array(counts)))
    weights = bagged_greedy(board, 4, table.num_groups, num_bags=8)
    assert weights.max() == MAX_WEIGHT
    assert weights[3] < 4 < weights[:3].min()
    np.testing.assert_array_equal(weights, bagged_greedy(board, 4, table.num_groups, num_bags=8))


def test_groups_that_are_not_drawn_do_not_decide(tmp_path: Path) -> None:
    table, _, target, groups = make(tmp_path, [1.0, 1.0], num_pixels=6000)
    draw = (np.arange(12) < 6).astype(float)
    board = Scoreboard(lambda counts: table.matrices(np.array(counts)))
    found = bagged_greedy(board, 2, 12, num_bags=4, draw=draw), tune_weights(table, np.array([64, 64]), draw=draw)
    # Other labels in the groups that do not count change nothing.
    flipped = np.where(groups < 6, target, 3 - target).astype(np.uint8)
    other = PixelTable(table._levels, flipped, groups)
    board = Scoreboard(lambda counts: other.matrices(np.array(counts)))
    again = bagged_greedy(board, 2, 12, num_bags=4, draw=draw), tune_weights(other, np.array([64, 64]), draw=draw)
    for one, two in zip(found, again, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("by_class", [False, True])
def test_tuning_never_ends_below_its_start(tmp_path: Path, by_class: bool) -> None:
    table, *_ = make(tmp_path, [1.0, -0.5, 0.3], num_pixels=8000)
    start = np.full(3, 64)
    found = tune_weights(table, start, by_class=by_class)
    assert found.shape == ((3, 4) if by_class else (3,))
    assert miou(table.matrices(found)) > miou(table.matrices(start)) + 0.01
    assert (found >= 0).all()
    assert (found <= MAX_WEIGHT).all()
    rows = found.mean(1) if by_class else found
    assert rows[1] < rows[0]
