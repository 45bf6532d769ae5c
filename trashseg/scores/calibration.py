"""Calibration: of the pixels that a network calls Paper with 80 % confidence, 80 % should be Paper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX

NUM_BINS = 15
"""Equal bins of confidence, as in C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017."""

Floats = npt.NDArray[np.float64]


class Calibration:
    """Confidence and accuracy of predictions by predicted class and bin of confidence, summed over photographs.

    Bin i holds confidences from i / 15 up to, but without, (i + 1) / 15; the last one holds 1 too.

    Attributes:
        counts: predictions (K, 15), int64.
        hits: the right ones among them (K, 15), int64.
        confidence: the sum of their confidences (K, 15), float64.
    """

    def __init__(self, num_classes: int) -> None:
        """Begin with zeros.

        Args:
            num_classes: K.
        """
        shape = (num_classes, NUM_BINS)
        self.counts, self.hits = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.confidence: Floats = np.zeros(shape)

    def update(
        self, pred: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8], confidence: npt.NDArray[np.float32]
    ) -> None:
        """Add predictions.

        Args:
            pred: class ids of any shape, 0..K-1.
            target: class ids of the same shape; ``IGNORE_INDEX`` does not count.
            confidence: the probabilities of ``pred``, 0..1.
        """
        cells = self.counts.size
        cell = np.minimum(confidence * NUM_BINS, NUM_BINS - 0.5).astype(np.intp)
        cell += pred * np.intp(NUM_BINS)
        cell[target == IGNORE_INDEX] = cells  # behind the cells that are kept
        both = np.bincount((cell + (cells + 1) * (pred == target)).ravel(), minlength=2 * cells + 2)
        wrong, right = both.reshape(2, cells + 1)
        sums = np.bincount(cell.ravel(), weights=confidence.ravel(), minlength=cells)
        self.counts += (wrong + right)[:cells].reshape(self.counts.shape)
        self.hits += right[:cells].reshape(self.counts.shape)
        self.confidence += sums[:cells].reshape(self.counts.shape)

    def ece(self) -> float:
        """Return the expected calibration error (Guo et al. 2017), 0..1: the mean gap between confidence and accuracy.

        NaN where nothing was predicted.
        """
        gaps = np.abs(self.confidence.sum(0) - self.hits.sum(0)).sum()
        return float(gaps / self.counts.sum()) if self.counts.any() else float("nan")

    def class_ece(self) -> Floats:
        """Return the error among the pixels predicted as each class (K,), NaN for a class never predicted."""
        gaps = np.abs(self.confidence - self.hits).sum(1)
        total = self.counts.sum(1)
        errors: Floats = np.divide(gaps, total, out=np.full(len(total), np.nan), where=total > 0)
        return errors

    def surplus(self) -> float:
        """Return mean confidence less accuracy: positive for a network too sure of itself."""
        total = self.counts.sum()
        return float((self.confidence.sum() - self.hits.sum()) / total) if total else float("nan")
