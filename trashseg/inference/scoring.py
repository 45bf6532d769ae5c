"""Score a network on labelled photographs: one confusion matrix, and the photographs where it fails."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from trashseg.inference.predictor import Predictor
from trashseg.metrics import ConfusionMatrix, confusion_matrix, fast_argmax, mean_iou
from trashseg.types import Batch


class Worst(NamedTuple):
    """A photograph that scored badly; ``rank`` orders a heap with the best of the worst on top."""

    rank: tuple[float, int]
    name: str
    position: int
    miou: float
    target: npt.NDArray[np.uint8]
    pred: npt.NDArray[np.uint8]


@dataclass
class Scores:
    """The outcome of an evaluation.

    Args:
        matrix: counts (K, K), int64; rows are the truth, columns the prediction.
        per_image: name -> mIoU over the classes present in that photograph or its prediction.
        worst: the photographs with the lowest of these, worst first.
    """

    matrix: torch.Tensor
    per_image: dict[str, float] = field(default_factory=dict)
    worst: list[Worst] = field(default_factory=list)

    @property
    def miou(self) -> float:
        """Mean IoU over the classes present in the whole set, background included."""
        return float(mean_iou(self.matrix))


def score(predictor: Predictor, batches: Iterable[Batch], num_classes: int, *, num_worst: int = 0) -> Scores:
    """Predict every photograph once and compare it with its label at the label's own size.

    Args:
        predictor: the network.
        batches: labelled batches; samples with index -1 are passed over.
        num_classes: K.
        num_worst: how many photographs to keep for a gallery.
    """
    total = ConfusionMatrix(num_classes).to(predictor.device)
    scores = Scores(torch.zeros(0))
    heap: list[Worst] = []
    for batch in tqdm(batches, desc="scoring", leave=False, disable=None):
        for i, probs in enumerate(predictor(batch)):
            if batch["index"][i] < 0:
                continue
            pred, target = fast_argmax(probs[None])[0], batch["mask"][i].to(predictor.device)
            total.update(pred, target)
            miou = float(mean_iou(confusion_matrix(pred, target, num_classes)))
            scores.per_image[batch["name"][i]] = miou
            if not np.isnan(miou):
                entry = _worst(batch, i, miou, target, pred)
                (heapq.heappushpop if len(heap) >= num_worst else heapq.heappush)(heap, entry)
    scores.matrix = total.compute().cpu()
    scores.worst = sorted(heap, key=lambda entry: entry.miou)[:num_worst]
    return scores


def _worst(batch: Batch, i: int, miou: float, target: torch.Tensor, pred: torch.Tensor) -> Worst:
    position = batch["index"][i]
    arrays = (target.byte().cpu().numpy(), pred.byte().cpu().numpy())
    return Worst((-miou, position), batch["name"][i], position, miou, *arrays)
