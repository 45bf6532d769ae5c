"""Everything counted in one pass equals what each part counts alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from trashseg.inference.scoring import Scorer, Scores, score
from trashseg.metrics import confusion_matrix, mean_iou
from trashseg.scores import Calibration, boundary_counts, object_counts
from trashseg.submission import shrink_map

NUM_CLASSES = 4
SIZES = [(64, 80), (96, 64), (70, 71), (64, 64)]


def photograph(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return probabilities (K, H, W) and the truth (H, W), alike, part of it ignored."""
    rng = torch.Generator().manual_seed(seed)
    height, width = SIZES[seed % len(SIZES)]
    coarse = torch.randn(1, NUM_CLASSES, 6, 6, generator=rng)
    logits = torch.nn.functional.interpolate(4 * coarse, size=(height, width), mode="bilinear")[0]
    target = (logits + torch.randn(logits.shape, generator=rng)).argmax(0).to(torch.uint8)
    target[:5] = 255
    return logits.softmax(0), target


@pytest.fixture(scope="module")
def scores() -> Scores:
    scorer = Scorer(NUM_CLASSES, num_worst=2)
    for seed in range(4):
        scorer.add(f"{seed}.jpg", *photograph(seed), position=10 + seed)
    return scorer.result()


def predicted(seed: int) -> tuple[np.ndarray, np.ndarray]:
    probs, target = photograph(seed)
    return probs.argmax(0).numpy().astype(np.uint8), target.numpy()


def test_matrices_of_each_photograph_and_of_the_set(scores: Scores) -> None:
    total = torch.zeros(NUM_CLASSES, NUM_CLASSES, dtype=torch.int64)
    for seed, matrix in enumerate(scores.matrices):
        expected = confusion_matrix(*(torch.from_numpy(part) for part in predicted(seed)), NUM_CLASSES)
        np.testing.assert_array_equal(matrix, expected)
        assert scores.per_image[f"{seed}.jpg"] == pytest.approx(float(mean_iou(expected)))
        total += expected
    assert torch.equal(scores.matrix, total)
    assert scores.miou == float(mean_iou(total))
    assert scores.positions == [10, 11, 12, 13]


def test_the_board_sees_what_is_submitted(scores: Scores) -> None:
    for seed, matrix in enumerate(scores.board):
        pred, target = (torch.from_numpy(shrink_map(part)) for part in predicted(seed))
        np.testing.assert_array_equal(matrix, confusion_matrix(pred, target, NUM_CLASSES))
        assert matrix.sum() == (target != 255).sum()


def test_outlines_and_objects(scores: Scores) -> None:
    for seed in range(4):
        np.testing.assert_array_equal(scores.boundary[seed], boundary_counts(*predicted(seed), NUM_CLASSES))
        np.testing.assert_array_equal(scores.objects[seed], object_counts(*predicted(seed), NUM_CLASSES))
    assert np.sum(scores.boundary) > 0
    assert np.sum(scores.objects) > 0


def test_calibration_counts_every_second_row_and_column(scores: Scores) -> None:
    expected = Calibration(NUM_CLASSES)
    for seed in range(4):
        probs, target = (part[..., ::2, ::2] for part in photograph(seed))
        expected.update(probs.argmax(0).numpy().astype(np.uint8), target.numpy(), probs.amax(0).numpy())
    np.testing.assert_array_equal(scores.calibration.counts, expected.counts)
    np.testing.assert_array_equal(scores.calibration.hits, expected.hits)
    np.testing.assert_allclose(scores.calibration.confidence, expected.confidence)
    assert len(scores.sample.target()) > 4 * 200


def test_the_worst_come_first_with_their_maps(scores: Scores) -> None:
    ranking = sorted(scores.per_image, key=lambda name: scores.per_image[name])
    assert [worst.name for worst in scores.worst] == ranking[:2]
    seed = int(ranking[0][0])
    pred, target = predicted(seed)
    np.testing.assert_array_equal(scores.worst[0].pred, pred)
    np.testing.assert_array_equal(scores.worst[0].target, target)
    assert scores.worst[0].position == 10 + seed


def test_padding_of_a_batch_is_passed_over(scores: Scores) -> None:
    def predictor(batch: Any) -> Iterator[torch.Tensor]:
        for name in batch["name"]:
            yield photograph(int(name[0]))[0]

    batches: list[Any] = [
        {"name": [f"{seed}.jpg" for seed in seeds], "index": index, "mask": [photograph(seed)[1] for seed in seeds]}
        for seeds, index in (((0, 1), [10, 11]), ((2, 3, 0), [12, 13, -1]))
    ]
    again = score(predictor, batches, NUM_CLASSES)  # type: ignore[arg-type]
    assert again.names == scores.names
    assert torch.equal(again.matrix, scores.matrix)
    assert again.worst == []


def test_nothing_scored() -> None:
    empty = Scorer(NUM_CLASSES, num_worst=1).result()
    assert empty.per_image == {}
    assert empty.matrix.sum() == 0
    assert np.isnan(empty.miou)


def test_a_photograph_without_labels_is_not_the_worst() -> None:
    scorer = Scorer(NUM_CLASSES, num_worst=3)
    probs, target = photograph(0)
    scorer.add("blank.jpg", probs, torch.full_like(target, 255))
    scorer.add("0.jpg", probs, target)
    assert [worst.name for worst in scorer.result().worst] == ["0.jpg"]
    assert np.isnan(scorer.result().per_image["blank.jpg"])
