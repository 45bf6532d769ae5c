"""The confusion matrix and its scores against loops and torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from trashseg import metrics
from trashseg.types import ConfigError


def maps(seed, num_classes, shape=(3, 17, 13), ignore_index=255):
    rng = np.random.default_rng(seed)
    pred = rng.integers(0, num_classes, shape)
    target = rng.integers(0, num_classes, shape)
    target[rng.random(shape) < 0.15] = ignore_index
    return torch.from_numpy(pred), torch.from_numpy(target)


def counted(pred, target, num_classes, ignore_index=255):
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    for p, t in zip(pred.flatten().tolist(), target.flatten().tolist(), strict=True):
        if t != ignore_index:
            matrix[t, p] += 1
    return matrix


class TestConfusionMatrix:
    # 15 is the last size of the one-byte key, 181 the last of the two-byte key, 255 the largest allowed.
    @pytest.mark.parametrize("num_classes", [1, 2, 11, 15, 16, 100, 181, 182, 255])
    @pytest.mark.parametrize("dtypes", [(torch.uint8, torch.uint8), (torch.int64, torch.uint8), (torch.int64,) * 2])
    def test_counts_like_a_loop(self, num_classes, dtypes):
        pred, target = maps(num_classes, num_classes)
        matrix = metrics.confusion_matrix(pred.to(dtypes[0]), target.to(dtypes[1]), num_classes)
        assert matrix.dtype == torch.int64
        np.testing.assert_array_equal(matrix.numpy(), counted(pred, target, num_classes))

    @pytest.mark.parametrize("num_classes", [1, 11, 15])
    def test_every_prediction_on_an_ignored_pixel_stays_out(self, num_classes):
        pred = torch.arange(num_classes, dtype=torch.uint8)
        matrix = metrics.confusion_matrix(pred, torch.full_like(pred, 255), num_classes)
        assert matrix.sum() == 0
        assert matrix.shape == (num_classes, num_classes)

    @pytest.mark.parametrize("ignore_index", [0, 7, 254, -1])
    def test_other_ignore_index(self, ignore_index):
        pred, target = maps(3, 11, ignore_index=ignore_index)
        matrix = metrics.confusion_matrix(pred, target, 11, ignore_index)
        np.testing.assert_array_equal(matrix.numpy(), counted(pred, target, 11, ignore_index))

    def test_inputs_are_left_alone(self):
        pred, target = (x.to(torch.uint8) for x in maps(4, 11))
        before = pred.clone(), target.clone()
        metrics.confusion_matrix(pred, target, 11)
        metrics.confusion_matrix(pred, target, 11, ignore_index=7)
        assert pred.equal(before[0])
        assert target.equal(before[1])

    def test_metric_sums_batches_and_begins_again(self):
        metric, oracle = metrics.ConfusionMatrix(11), MulticlassConfusionMatrix(11, ignore_index=255)
        for seed in range(3):
            pred, target = maps(seed, 11)
            metric.update(pred, target)
            oracle.update(pred, target)
        assert metric.compute().equal(oracle.compute())
        metric.reset()
        metric.update(*maps(9, 11))
        np.testing.assert_array_equal(metric.compute().numpy(), counted(*maps(9, 11), 11))

    @pytest.mark.parametrize("num_classes", [0, 256])
    def test_refuses_impossible_numbers_of_classes(self, num_classes):
        with pytest.raises(ConfigError, match="from 1 to 255"):
            metrics.ConfusionMatrix(num_classes)


class TestScores:
    def test_against_torchmetrics_with_an_absent_class(self):
        pred, target = maps(5, 11)
        pred[pred == 3], target[target == 3] = 4, 4
        matrix = metrics.confusion_matrix(pred, target, 11)
        options = {"num_classes": 11, "ignore_index": 255}
        iou = MulticlassJaccardIndex(average="none", **options)(pred, target).double()
        present = torch.arange(11) != 3
        ours = metrics.iou_per_class(matrix)
        torch.testing.assert_close(ours[present], iou[present], rtol=1e-6, atol=0)
        assert ours[3].isnan()
        macro = MulticlassJaccardIndex(average="macro", **options)(pred, target)
        assert metrics.mean_iou(matrix).item() == pytest.approx(macro.item(), rel=1e-6)

    def test_against_pixels(self):
        rng = np.random.default_rng(6)
        pred, target = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
        target[rng.random(500) < 0.3] = 2
        matrix = metrics.confusion_matrix(torch.from_numpy(pred), torch.from_numpy(target), 4)
        recall = [(pred[target == c] == c).mean() for c in range(4)]
        precision = [(target[pred == c] == c).mean() for c in range(4)]
        np.testing.assert_allclose(metrics.accuracy_per_class(matrix), recall)
        np.testing.assert_allclose(metrics.precision_per_class(matrix), precision)
        assert metrics.pixel_accuracy(matrix).item() == pytest.approx((pred == target).mean())

    def test_absence_is_nan_and_a_missed_class_is_zero(self):
        matrix = torch.tensor([[8, 2, 0, 0], [0, 0, 0, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
        nan = float("nan")
        np.testing.assert_allclose(metrics.iou_per_class(matrix), [8 / 14, 0, 0, nan])
        np.testing.assert_allclose(metrics.accuracy_per_class(matrix), [0.8, nan, 0, nan])
        np.testing.assert_allclose(metrics.precision_per_class(matrix), [8 / 12, 0, nan, nan])
        assert metrics.mean_iou(matrix).item() == pytest.approx(8 / 14 / 3)

    def test_nothing_counted_is_nan(self):
        empty = torch.zeros(3, 3, dtype=torch.int64)
        assert metrics.mean_iou(empty).isnan()
        assert metrics.pixel_accuracy(empty).isnan()

    def test_a_set_scores_as_the_sum_of_its_matrices(self):
        parts = [counted(*maps(seed, 5), 5) for seed in range(6)]
        whole = metrics.mean_iou(torch.from_numpy(sum(parts))).item()
        assert metrics.pooled_miou(np.array(parts)) == metrics.pooled_miou(sum(parts)) == whole
        assert metrics.pooled_miou(np.array(parts).reshape(2, 3, 5, 5)) == whole

    def test_large_counts_stay_exact(self):
        # More pixels than float32 can count, as in a real validation set.
        matrix = torch.tensor([[2**31 + 1, 1], [0, 2**31]])
        assert metrics.iou_per_class(matrix)[1].item() == 2**31 / (2**31 + 1)


def _rank(rank, world, path, queue):
    torch.set_num_threads(1)  # a forked process must not wait for its parent's threads
    torch.distributed.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=world)
    metric = metrics.ConfusionMatrix(11)
    for seed in range(rank, 3, world):  # two batches on rank 0, one on rank 1
        metric.update(*maps(seed, 11))
    queue.put((rank, metric.compute().numpy()))
    torch.distributed.destroy_process_group()


def test_processes_are_summed(tmp_path):
    context = mp.get_context("fork")
    queue = context.Queue()
    ranks = [context.Process(target=_rank, args=(rank, 2, tmp_path / "store", queue)) for rank in range(2)]
    for process in ranks:
        process.start()
    results = [queue.get(timeout=120) for _ in ranks]
    for process in ranks:
        process.join()
    expected = sum(counted(*maps(seed, 11), 11) for seed in range(3))
    for _, matrix in results:
        np.testing.assert_array_equal(matrix, expected)
