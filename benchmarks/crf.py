"""The fully connected CRF on 11 classes: the authors' program (pydensecrf2) at 512 pixels against trashseg's at 256.

Run it as ``python benchmarks/crf.py [COUNT]`` for generated photographs, or ``python benchmarks/crf.py COUNT STORE
ROOT`` for the network's probabilities in a store and the photographs of that data set. One thread; times are process
CPU time, the least of the repeats for each photograph, from the probabilities to the class map at 512 pixels.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pydensecrf.densecrf as dcrf
import torch
from pydensecrf.utils import unary_from_softmax
from torch import Tensor

from trashseg.maps import most_probable
from trashseg.post import DenseCRF

NUM_CLASSES, SIDE, COUNT, REPEATS, NUM_MAPS = 11, 512, 8, 3, 819
Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]
Way = Callable[[Image, Tensor], Mask]


def generated(count: int) -> Iterator[tuple[Image, Tensor]]:
    """Yield photographs of a few textured objects, and probabilities that are blurred, doubtful and sometimes wrong."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        image = cv2.resize(rng.normal(128, 30, (12, 12, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        logits = np.stack([cv2.resize(rng.normal(size=(16, 16)), (SIDE, SIDE)) for _ in range(NUM_CLASSES)])
        logits[0] += 5
        for _ in range(rng.integers(2, 9)):
            shape = np.zeros((SIDE, SIDE))
            ellipse = (rng.integers(0, SIDE, 2).tolist(), rng.integers(20, 200, 2).tolist(), float(rng.uniform(0, 180)))
            cv2.ellipse(shape, ellipse, 1.0, -1)
            image = np.where(shape[..., None] > 0, rng.uniform(0, 255, 3) + rng.normal(0, 12, image.shape), image)
            logits[rng.integers(1, NUM_CLASSES)] += 9 * cv2.GaussianBlur(shape, (0, 0), float(rng.uniform(3, 9)))
        yield image.clip(0, 255).astype(np.uint8), torch.from_numpy(logits).float().softmax(0)


def stored(count: int, store: Path, root: Path) -> Iterator[tuple[Image, Tensor]]:
    """Yield photographs, spread evenly over a store, and their probabilities."""
    from trashseg.data.images import read_image
    from trashseg.store import open_store

    opened = open_store(store)
    for i in np.linspace(0, len(opened) - 1, min(count, len(opened))).astype(int):
        name = opened.names[i]
        yield read_image(root / name), opened.probs(name)


def reference(crf: DenseCRF) -> Way:
    """Return pydensecrf2 with the settings of ``crf`` at the photograph's own size, on all classes."""

    def run(image: Image, probs: Tensor) -> Mask:
        num_classes, height, width = probs.shape
        model = dcrf.DenseCRF2D(width, height, num_classes)
        model.setUnaryEnergy(unary_from_softmax(probs.numpy()))
        model.addPairwiseGaussian(sxy=crf.near_sigma, compat=crf.near_weight)
        model.addPairwiseBilateral(
            sxy=crf.alike_sigma, srgb=crf.color_sigma, rgbim=np.ascontiguousarray(image), compat=crf.alike_weight
        )
        belief = np.array(model.inference(crf.iterations))
        return belief.argmax(0).reshape(height, width).astype(np.uint8)

    return run


def ours(crf: DenseCRF) -> Way:
    return lambda image, probs: crf(image, probs, most_probable(probs))


FULL = replace(DenseCRF(), side=None, iterations=10)
WAYS: dict[str, tuple[Way, str]] = {
    "pydensecrf2, 512 px, 10 iterations": (reference(FULL), ""),
    "trashseg, the same, all classes": (ours(replace(FULL, least=0)), "equal settings"),
    "trashseg, the same, present classes": (ours(FULL), ""),
    "trashseg, 256 px, 10 iterations": (ours(replace(FULL, side=256)), ""),
    "trashseg, 256 px, 5 iterations": (ours(DenseCRF()), "the default"),
}


def timed(way: Way, image: Image, probs: Tensor) -> tuple[float, Mask]:
    """Return the CPU time in ms and the class map."""
    start = time.process_time()
    pred = way(image, probs)
    return 1000 * (time.process_time() - start), pred


def one_photograph(image: Image, probs: Tensor) -> list[list[float]]:
    """Return of each way the least time in ms, % of pixels as the first way has them, and % that it changes."""
    rounds = [[timed(way, image, probs) for way, _ in WAYS.values()] for _ in range(REPEATS)]
    before, wanted = most_probable(probs), rounds[0][0][1]
    best = [min(each[i][0] for each in rounds) for i in range(len(WAYS))]
    preds = [pred for _, pred in rounds[0]]
    return [
        [ms, 100 * float((pred == wanted).mean()), 100 * float((pred != before).mean())]
        for ms, pred in zip(best, preds, strict=True)
    ]


def main() -> None:
    """Print one table."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    given = sys.argv[1:]
    count = int(given[0]) if given else COUNT
    scenes = stored(count, Path(given[1]), Path(given[2])) if given[1:] else generated(count)
    rows = np.array([one_photograph(*scene) for scene in scenes])
    print(f"{len(rows)} {'stored' if given[1:] else 'generated'} photographs, one thread")
    print(f"{'':38}{'ms':>7}{f'{NUM_MAPS} maps, s':>14}{'ratio':>7}{'equal %':>9}{'changed %':>11}")
    for (name, (_, note)), (ms, equal, changed) in zip(WAYS.items(), rows.mean(0).tolist(), strict=True):
        ratio = rows[:, 0, 0].mean() / ms
        print(f"{name:38}{ms:7.0f}{NUM_MAPS * ms / 1000:14.0f}{ratio:7.1f}{equal:9.2f}{changed:11.2f}  {note}")


if __name__ == "__main__":
    main()
