"""What counting a validation batch costs: trashseg.metrics against torchmetrics with its default arguments.

Run it as ``python benchmarks/metrics.py``. One thread; each row is the least of the repeats, in process CPU time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from trashseg.maps import fast_argmax
from trashseg.metrics import ConfusionMatrix, mean_iou

NUM_CLASSES, BATCH, SIDE, REPEATS = 11, 16, 512, 5


def milliseconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> None:
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(BATCH, NUM_CLASSES, SIDE, SIDE, generator=rng)
    target = torch.randint(NUM_CLASSES, (BATCH, SIDE, SIDE), generator=rng)
    target[torch.rand(target.shape, generator=rng) < 0.05] = 255
    ids = logits.argmax(1)
    small_ids, small_target = ids.to(torch.uint8), target.to(torch.uint8)

    matrix, jaccard = (
        cls(NUM_CLASSES, ignore_index=255) for cls in (MulticlassConfusionMatrix, MulticlassJaccardIndex)
    )
    ours = ConfusionMatrix(NUM_CLASSES)
    for metric, pred, truth in ((matrix, ids, target), (jaccard, ids, target), (ours, small_ids, small_target)):
        metric.update(pred, truth)
    equal = ours.compute().equal(matrix.compute()) and ours.compute().equal(jaccard.confmat)
    scores = jaccard.compute().item(), mean_iou(ours.compute()).item()

    def usual_chain() -> None:
        jaccard.update(logits.argmax(1), target)
        jaccard.compute()

    def our_chain() -> None:
        ours.update(fast_argmax(logits), small_target)
        mean_iou(ours.compute())

    count = milliseconds(lambda: ours.update(small_ids, small_target))
    rows = [
        ("update, against ConfusionMatrix", milliseconds(lambda: matrix.update(ids, target)), count),
        ("update, against JaccardIndex", milliseconds(lambda: jaccard.update(ids, target)), count),
        ("argmax of the logits", milliseconds(lambda: logits.argmax(1)), milliseconds(lambda: fast_argmax(logits))),
        ("logits to mIoU", milliseconds(usual_chain), milliseconds(our_chain)),
    ]
    print(f"batch {BATCH} x {SIDE} x {SIDE}, {NUM_CLASSES} classes, one thread, ms of CPU")
    print(f"{'':34}{'usual':>9}{'trashseg':>10}{'ratio':>8}")
    for name, usual, mine in rows:
        print(f"{name:34}{usual:9.1f}{mine:10.1f}{usual / mine:7.1f}x")
    print(f"counts equal: {equal}; mIoU {scores[0]:.7f} against {scores[1]:.7f}; wanted: an update at least 50x")


if __name__ == "__main__":
    main()
