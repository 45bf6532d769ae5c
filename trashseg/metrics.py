"""One confusion matrix over a whole data set, and every score as a function of it.

The matrix is counted on the device of its inputs; the scores take a (K, K) matrix, rows the truth, columns the
prediction, and give float64. A class that a score says nothing about has NaN there, never 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchmetrics import Metric

from trashseg.types import IGNORE_INDEX, ConfigError

_WRAPPING_CLASSES = 15  # K*K + K <= 256, see confusion_matrix
_INT16_CLASSES = 181  # K*K <= 32767


def confusion_matrix(pred: Tensor, target: Tensor, num_classes: int, ignore_index: int = IGNORE_INDEX) -> Tensor:
    """Count pairs of true and predicted classes.

    Nothing is validated, since this runs on every pixel: ids outside the ranges below give wrong counts.

    Args:
        pred: any shape, integer, 0..K-1.
        target: the same shape, integer, 0..K-1 or ``ignore_index``, which is not counted.
        num_classes: K, at most 255.
        ignore_index: the value of pixels that do not count.

    Returns:
        (K, K), int64, rows the truth, columns the prediction.
    """
    num_cells = num_classes * num_classes
    if num_classes <= _WRAPPING_CLASSES and ignore_index == IGNORE_INDEX:
        # The key t * K + p in one byte: 255 * K wraps round to 256 - K, so that ignored pixels land on
        # 256 - K .. 255, behind the last cell, without a mask of their own.
        key = (target.to(torch.uint8) * num_classes).add_(pred.to(torch.uint8))
    else:
        dtype = torch.int16 if num_classes <= _INT16_CLASSES else torch.int32
        key = (target.to(dtype) * num_classes).add_(pred.to(dtype))
        key.masked_fill_(target == ignore_index, num_cells)
    counts = torch.bincount(key.reshape(-1), minlength=num_cells)
    return counts[:num_cells].reshape(num_classes, num_classes)


class ConfusionMatrix(Metric):
    """The confusion matrix of a whole data set, summed over batches and processes.

    Scores come from it once, at the end: the mean of per-batch scores is another number.
    """

    is_differentiable = False
    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int) -> None:
        """Begin with zeros.

        Args:
            num_classes: K, background included.

        Raises:
            ConfigError: K is not in 1..255.
        """
        super().__init__()
        if not 1 <= num_classes <= IGNORE_INDEX:
            raise ConfigError(f"num_classes is {num_classes}; give a number from 1 to {IGNORE_INDEX}.")
        self.num_classes = num_classes
        self.add_state("counts", torch.zeros(num_classes, num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, pred: Tensor, target: Tensor) -> None:
        """Add one batch: ``pred`` and ``target`` of one shape, integer, on one device; 255 in ``target`` is ignored."""
        self.counts += confusion_matrix(pred, target, self.num_classes)

    def compute(self) -> Tensor:
        """Return the matrix (K, K), int64, rows the truth."""
        return self.counts


def iou_per_class(matrix: Tensor) -> Tensor:
    """Return intersection over union (K,), NaN for a class absent from truth and prediction."""
    hits, truth, predicted = _parts(matrix)
    return hits / (truth + predicted - hits)


def accuracy_per_class(matrix: Tensor) -> Tensor:
    """Return the share of each class's true pixels that were found (recall), (K,), NaN for a class absent in truth."""
    hits, truth, _ = _parts(matrix)
    return hits / truth


def precision_per_class(matrix: Tensor) -> Tensor:
    """Return the share of each class's predicted pixels that are right, (K,), NaN for a class never predicted."""
    hits, _, predicted = _parts(matrix)
    return hits / predicted


def mean_iou(matrix: Tensor) -> Tensor:
    """Return mIoU: the mean IoU over the classes present in truth or prediction, background included, a scalar."""
    return iou_per_class(matrix).nanmean()


def pooled_miou(matrices: npt.NDArray[np.integer]) -> float:
    """Return the mIoU of the sum of confusion matrices (..., K, K): that of the whole set."""
    return float(mean_iou(torch.from_numpy(matrices.reshape(-1, *matrices.shape[-2:]).sum(0))))


def pixel_accuracy(matrix: Tensor) -> Tensor:
    """Return the share of pixels that are right, a scalar, NaN when nothing was counted."""
    hits, truth, _ = _parts(matrix)
    return hits.sum() / truth.sum()


def _parts(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return right, true and predicted pixels of each class, (K,) float64 each, so that 0 / 0 gives NaN."""
    # MPS knows no float64, and a matrix is small: count where the data are, score on the CPU.
    counts = matrix.detach().cpu().double()
    return counts.diagonal(), counts.sum(1), counts.sum(0)
