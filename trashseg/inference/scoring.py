"""Score a network on labelled photographs: everything is counted in one pass, photograph by photograph."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from trashseg.inference.predictor import Predictor
from trashseg.maps import sure_and_class
from trashseg.metrics import confusion_matrix, mean_iou
from trashseg.scores import Calibration, PixelSample, boundary_counts, miou_per_matrix, object_counts
from trashseg.submission import shrink_map
from trashseg.types import Batch

Mask = npt.NDArray[np.uint8]


class Worst(NamedTuple):
    """A photograph that scored badly; ``rank`` orders a heap with the best of the worst on top."""

    rank: tuple[float, int]
    name: str
    position: int
    miou: float
    target: Mask
    pred: Mask


@dataclass
class Scores:
    """What was counted on N photographs of K classes; counts of single photographs, so that they can be resampled.

    Args:
        calibration: confidence and accuracy of the pixels in every second row and column.
        sample: a few pixels of every photograph, for a temperature.
        names: the photographs.
        positions: where they lie in their data set.
        matrices: N confusion matrices (K, K), int32; rows are the truth, columns the prediction.
        board: the same of the maps shrunk to a submission's 256x256.
        boundary: N counts (2, K) of :func:`boundary_counts`.
        objects: N counts (3, 2, K) of :func:`object_counts`.
        worst: the photographs with the lowest mIoU, worst first.
    """

    calibration: Calibration
    sample: PixelSample
    names: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    matrices: list[npt.NDArray[np.int32]] = field(default_factory=list)
    board: list[npt.NDArray[np.int32]] = field(default_factory=list)
    boundary: list[npt.NDArray[np.int32]] = field(default_factory=list)
    objects: list[npt.NDArray[np.int32]] = field(default_factory=list)
    worst: list[Worst] = field(default_factory=list)

    @property
    def matrix(self) -> Tensor:
        """Counts of the whole set (K, K), int64."""
        shape = 2 * (len(self.calibration.counts),)
        return torch.from_numpy(sum(self.matrices, np.zeros(shape, np.int64)))

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present in the whole set, background included."""
        return float(mean_iou(self.matrix))

    @property
    def per_image(self) -> dict[str, float]:
        """Name -> mIoU over the classes present in that photograph or its prediction, NaN without counted pixels."""
        mious = miou_per_matrix(np.array(self.matrices)).tolist() if self.names else []
        return dict(zip(self.names, mious, strict=True))


class Scorer:
    """Adds up :class:`Scores` from probabilities, wherever they come from.

    Args:
        num_classes: K.
        num_worst: how many photographs to keep for a gallery.
        seed: decides which pixels the temperature is fitted on.
    """

    def __init__(self, num_classes: int, *, num_worst: int = 0, seed: int = 0) -> None:
        self._scores = Scores(Calibration(num_classes), PixelSample(seed=seed))
        self._num_classes, self._num_worst = num_classes, num_worst
        self._heap: list[Worst] = []

    def add(self, name: str, probs: Tensor, target: Tensor, position: int = -1) -> None:
        """Count one photograph.

        Args:
            name: what it is called.
            probs: probabilities (K, H, W), floating, on any device.
            target: class ids (H, W), uint8, or ``IGNORE_INDEX``.
            position: where it lies in its data set.
        """
        # What follows is cheap on the CPU.
        (confidence, pred), truth, scores = sure_and_class(probs), target.cpu().numpy(), self._scores
        scores.names.append(name)
        scores.positions.append(position)
        scores.matrices.append(self._matrix(pred, truth))
        scores.board.append(self._matrix(shrink_map(pred), shrink_map(truth)))
        scores.boundary.append(boundary_counts(pred, truth, self._num_classes).astype(np.int32))
        scores.objects.append(object_counts(pred, truth, self._num_classes).astype(np.int32))
        # Neighbours say the same, and a quarter of the pixels takes a quarter of the time.
        scores.calibration.update(pred[::2, ::2], truth[::2, ::2], confidence[::2, ::2])
        scores.sample.add(probs, truth)
        self._keep(name, position, truth, pred)

    def result(self) -> Scores:
        """Return the scores of the photographs added so far."""
        self._scores.worst = sorted(self._heap, key=lambda entry: entry.miou)[: self._num_worst]
        return self._scores

    def _matrix(self, pred: Mask, target: Mask) -> npt.NDArray[np.int32]:
        counts = confusion_matrix(torch.from_numpy(pred), torch.from_numpy(target), self._num_classes)
        return counts.to(torch.int32).numpy()

    def _keep(self, name: str, position: int, target: Mask, pred: Mask) -> None:
        """Keep the photograph if it is among the worst so far."""
        miou = float(miou_per_matrix(self._scores.matrices[-1][None])[0])
        if self._num_worst and not np.isnan(miou):
            entry = Worst((-miou, len(self._scores.names)), name, position, miou, target, pred)
            (heapq.heappushpop if len(self._heap) >= self._num_worst else heapq.heappush)(self._heap, entry)


def score(
    predictor: Predictor,
    batches: Iterable[Batch],
    num_classes: int,
    *,
    num_worst: int = 0,
    seed: int = 0,
    keep: Callable[[str, Tensor], None] | None = None,
) -> Scores:
    """Predict every photograph once and compare it with its label at the label's own size.

    Args:
        predictor: the network.
        batches: labelled batches; samples with index -1 are passed over.
        num_classes: K.
        num_worst: how many photographs to keep for a gallery.
        seed: decides which pixels the temperature is fitted on.
        keep: receives the name of each photograph and its probabilities (K, H, W).
    """
    scorer = Scorer(num_classes, num_worst=num_worst, seed=seed)
    for batch in tqdm(batches, desc="scoring", leave=False, disable=None):
        for i, probs in enumerate(predictor(batch)):
            if batch["index"][i] < 0:
                continue
            scorer.add(batch["name"][i], probs, batch["mask"][i], batch["index"][i])
            if keep is not None:
                keep(batch["name"][i], probs)
    return scorer.result()
