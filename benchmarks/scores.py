"""What the scores beyond mIoU cost: trashseg.scores beside the usual way to each, with the same results.

Run it as ``python benchmarks/scores.py``. One thread; each figure is the least of the repeats, in process CPU time.
Photographs are drawn: about seven objects of a few classes, predicted a little beside where they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torchmetrics.classification import MulticlassCalibrationError

from trashseg.inference.scoring import Scorer
from trashseg.maps import fast_argmax
from trashseg.metrics import ConfusionMatrix, confusion_matrix, mean_iou
from trashseg.scores import Bootstrap, Calibration, boundary_counts, class_counts, miou_interval, object_counts
from trashseg.scores.objects import SIZE_BOUNDS
from trashseg.scores.ratios import RatioSums

Mask = npt.NDArray[np.uint8]
NUM_CLASSES, SIDE, REPEATS, NUM_IMAGES, NUM_DRAWS = 11, 512, 15, 3272, 2000


def photograph(seed: int) -> tuple[torch.Tensor, Mask]:
    """Return probabilities (K, H, W) and the truth (H, W)."""
    rng = np.random.default_rng(seed)
    target = np.zeros((SIDE, SIDE), np.uint8)
    for k in rng.choice((1, 2, 5, 7), 7):
        place, axes = rng.integers(40, SIDE - 40, 2).tolist(), rng.integers(8, 100, 2).tolist()
        cv2.ellipse(target, place, axes, float(rng.integers(180)), 0, 360, int(k), -1)
    seen = np.roll(target, (4, -3), (0, 1))
    doubt = cv2.resize(rng.standard_normal((16, 16, NUM_CLASSES)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    logits = 4.0 * (seen == np.arange(NUM_CLASSES)[:, None, None]) + doubt.transpose(2, 0, 1)
    return torch.from_numpy(logits).float().softmax(0), target


def erosions(pred: Mask, target: Mask) -> npt.NDArray[np.int64]:
    """Count boundary IoU's pixels the paper's way: every class eroded for itself within a frame of zeros."""
    distance = round(0.02 * float(np.hypot(*target.shape)))
    counts = np.zeros((2, NUM_CLASSES), np.int64)
    for k in range(NUM_CLASSES):
        strips = []
        for mask in (target, pred):
            framed = cv2.copyMakeBorder((mask == k).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
            inside = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=distance)[1:-1, 1:-1]
            strips.append((mask == k) & (inside == 0))
        counts[:, k] = (strips[0] & strips[1]).sum(), (strips[0] | strips[1]).sum()
    return counts


def labelled(pred: Mask, target: Mask) -> npt.NDArray[np.int64]:
    """Count objects with scipy's labelling, one after the other."""
    counts = np.zeros((3, 2, NUM_CLASSES), np.int64)
    for k in range(1, NUM_CLASSES):
        labels, num = ndimage.label(target == k, np.ones((3, 3)))
        for label in range(1, num + 1):
            own = labels == label
            size = sum(own.sum() / own.size >= bound for bound in SIZE_BOUNDS)
            counts[size, 1, k] += 1
            counts[size, 0, k] += 2 * (pred[own] == k).sum() >= own.sum()
    return counts


def milliseconds(usual: Callable[[], object], ours: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Return the least of the repeats of both, taken in turn, so that a busy machine is busy for both."""
    times: list[list[float]] = [[], []]
    for _ in range(repeats + 1):
        for work, taken in zip((usual, ours), times, strict=True):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
    return [1000 * min(taken[1:]) for taken in times]


Row = tuple[str, list[float], str]
"""What is compared, the usual way's and our milliseconds, and what agrees."""


def part_rows(probs: torch.Tensor, target: Mask) -> list[Row]:
    """Compare the parts."""
    confidence, pred = probs.max(0).values.numpy(), fast_argmax(probs[None])[0].numpy()
    batch, truth = probs[None], torch.from_numpy(target)[None].long()
    usual, once = MulticlassCalibrationError(NUM_CLASSES, n_bins=15, norm="l1"), Calibration(NUM_CLASSES)

    def usual_error() -> float:
        usual.reset()
        usual.update(batch, truth)
        return float(usual.compute())

    def outlines() -> npt.NDArray[np.int64]:
        return boundary_counts(pred, target, NUM_CLASSES)

    def objects() -> npt.NDArray[np.int64]:
        return object_counts(pred, target, NUM_CLASSES)

    once.update(pred, target, confidence)
    difference = abs(usual_error() - once.ece())
    same = [np.array_equal(erosions(pred, target), outlines()), np.array_equal(labelled(pred, target), objects())]
    error = milliseconds(usual_error, lambda: once.update(pred, target, confidence))
    return [
        (
            "boundary IoU, an erosion a class",
            milliseconds(lambda: erosions(pred, target), outlines),
            f"equal: {same[0]}",
        ),
        ("objects, scipy.ndimage.label", milliseconds(lambda: labelled(pred, target), objects), f"equal: {same[1]}"),
        ("calibration error, torchmetrics", error, f"differs by {difference:.0e}"),
    ]


def pass_row(probs: torch.Tensor, target: Mask) -> Row:
    """Compare everything in one pass with mIoU and a score an image alone."""
    truth, total = torch.from_numpy(target), ConfusionMatrix(NUM_CLASSES)
    scorer = Scorer(NUM_CLASSES, num_worst=12)

    def miou_alone() -> None:
        pred = fast_argmax(probs[None])[0]
        total.update(pred, truth)
        mean_iou(confusion_matrix(pred, truth, NUM_CLASSES))

    times = milliseconds(miou_alone, lambda: scorer.add("", probs, truth))
    return "whole pass, mIoU alone", times, f"matrices equal: {torch.equal(total.compute(), scorer.result().matrix)}"


def bootstrap_row() -> Row:
    """Compare an interval over many photographs with summing the drawn matrices in a loop, a tenth of it scaled up."""
    rng = np.random.default_rng(0)
    matrices = rng.integers(0, 4000, (NUM_IMAGES, NUM_CLASSES, NUM_CLASSES))
    drawn = rng.integers(NUM_IMAGES, size=(NUM_DRAWS // 10, NUM_IMAGES))

    def loop() -> list[float]:
        return [float(mean_iou(torch.from_numpy(matrices[places].sum(0)))) for places in drawn]

    times = np.stack([np.bincount(places, minlength=NUM_IMAGES) for places in drawn]).astype(float)
    values = RatioSums(*class_counts(matrices), np.full((1, NUM_CLASSES), 1 / NUM_CLASSES)).values(times)
    difference = np.abs(values[:, 0] - loop()).max()
    usual, ours = milliseconds(loop, lambda: miou_interval(Bootstrap(num_draws=NUM_DRAWS), matrices), 2)
    name = f"interval, {NUM_DRAWS} draws of {NUM_IMAGES:,}"
    return name, [10 * usual, ours], f"replicates differ by {difference:.0e}"


def main() -> None:
    torch.set_num_threads(1)
    probs, target = photograph(0)
    print(f"{SIDE} x {SIDE}, {NUM_CLASSES} classes, one thread, ms of CPU an image (the interval: in all)")
    print(f"{'':34}{'usual':>9}{'trashseg':>10}{'ratio':>8}")
    for name, (usual, ours), check in [*part_rows(probs, target), pass_row(probs, target), bootstrap_row()]:
        print(f"{name:34}{usual:9.1f}{ours:10.1f}{usual / ours:7.2f}x   {check}")
    print("wanted: the whole pass at most twice mIoU alone (0.5x), the interval under 2,000 ms")


if __name__ == "__main__":
    main()
