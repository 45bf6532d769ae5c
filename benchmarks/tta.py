"""Scoring every subset of the views of test-time augmentation: trashseg tta-search beside summing each subset anew.

Run it as ``python benchmarks/tta.py``. One thread; each figure is the least of the repeats, in process CPU time, the
ways by turns. Maps are drawn: views of one photograph that differ by smooth noise and dispute about a tenth of the
pixels, as they do of real ones. All ways get the same bytes, and their counts are compared. The usual way to count is
torch's argmax and torchmetrics; the quick way is that of trashseg.metrics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from torchmetrics.functional.classification import multiclass_confusion_matrix

from trashseg.maps import fast_argmax
from trashseg.metrics import confusion_matrix
from trashseg.tta import TTA
from trashseg.ttasearch.counting import Counts, tally
from trashseg.ttasearch.sampling import photograph
from trashseg.ttasearch.subsets import Subset, all_subsets

NUM_CLASSES, SIDE, NUM_PHOTOGRAPHS, REPEATS = 11, 128, 3, 3
NUM_ANEW = 40
"""So many subsets, of all sizes, are summed anew: the others would take as long."""

Pair = tuple[torch.Tensor, torch.Tensor]


def views(seed: int, num_views: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return levels (V, K, P), uint8, and the truth (P,) of a photograph, sampled in every fourth row and column."""
    rng = np.random.default_rng(seed)
    target = np.zeros((SIDE, SIDE), np.uint8)
    for k in rng.choice((1, 2, 5, 7), 5):
        place, axes = rng.integers(10, SIDE - 10, 2).tolist(), rng.integers(4, 30, 2).tolist()
        cv2.ellipse(target, place, axes, float(rng.integers(180)), 0, 360, int(k), -1)
    truth = 4.0 * (target == np.arange(NUM_CLASSES)[:, None, None])
    noise = rng.standard_normal((num_views, 16, 16, NUM_CLASSES))
    logits = [truth + 1.35 * cv2.resize(each, (SIDE, SIDE)).transpose(2, 0, 1) for each in noise]
    probs = torch.from_numpy(np.array(logits)).softmax(1)
    return (probs * 255).round().byte().flatten(2), torch.from_numpy(target).flatten()


def usual(mean: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return multiclass_confusion_matrix(mean.argmax(0), target, NUM_CLASSES, validate_args=False)


def quick(mean: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return confusion_matrix(fast_argmax(mean[None])[0], target, NUM_CLASSES)


def anew(drawn: Sequence[Pair], subsets: Sequence[Subset], count: Callable[..., torch.Tensor]) -> Counts:
    """Sum and count each subset for itself: (N, S, K, K)."""
    return np.array(
        [[count(maps[list(each)].float().mean(0), target).numpy() for each in subsets] for maps, target in drawn]
    )


def cpu_s(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(scales: list[float], flips: list[str]) -> None:
    candidates = list(TTA(scales, flips).views.values())
    subsets = all_subsets(candidates)
    some = [subsets[int(i)] for i in np.linspace(0, len(subsets) - 1, min(NUM_ANEW, len(subsets)))]
    drawn = [views(seed, len(candidates)) for seed in range(NUM_PHOTOGRAPHS)]

    def ours() -> Counts:
        kept = [photograph("", *each) for each in drawn]
        return tally(kept, range(NUM_PHOTOGRAPHS), subsets, NUM_CLASSES, "mean")

    counts = ours()[:, [subsets.index(each) for each in some]]
    for count in (usual, quick):
        np.testing.assert_array_equal(counts, anew(drawn, some, count))
    ways = [(ours, len(subsets)), *((partial(anew, drawn, some, count), len(some)) for count in (usual, quick))]
    rounds = [[cpu_s(work) / num for work, num in ways] for _ in range(REPEATS)]
    own, *others = np.min(rounds, axis=0) * (1e6 / NUM_PHOTOGRAPHS)
    disputed = np.mean([len(photograph("", *each).target) for each in drawn]) / SIDE**2
    figures = "".join(f"{other:11.0f}{other / own:6.0f}x" for other in others)
    print(f"{len(candidates):5}{len(subsets):9}{disputed:10.1%}{own:12.1f}{figures}")


def main() -> None:
    torch.set_num_threads(1)
    print(
        f"{NUM_CLASSES} classes, {SIDE**2} pixels of a photograph; microseconds a subset and photograph, equal counts"
    )
    print("views  subsets  disputed  tta-search      usual            quick")
    measure([0.5, 0.75, 1.0, 1.25, 1.5], ["none"])
    measure([0.5, 0.75, 1.0, 1.25], ["none", "horizontal"])
    measure([0.5, 0.75, 1.0, 1.25, 1.5], ["none", "horizontal"])


if __name__ == "__main__":
    main()
