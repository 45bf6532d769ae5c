"""From probabilities to labels: sure pixels of large enough regions; everything else is ignored."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX

Mask = npt.NDArray[np.uint8]


def label(
    confidence: npt.NDArray[np.float32], ids: Mask, thresholds: npt.NDArray[np.float64], min_area: float
) -> tuple[Mask, float]:
    """Return the labels of a photograph and their weight.

    Args:
        confidence: probability of the predicted class (H, W).
        ids: that class (H, W).
        thresholds: the least confidence of each class (K,).
        min_area: smaller regions are ignored, share of the photograph.

    Returns:
        Class ids or ``IGNORE_INDEX`` (H, W), uint8; and the mean confidence of the labelled pixels, 0 without any.
    """
    mask = np.where(confidence >= thresholds[ids], ids, np.uint8(IGNORE_INDEX)).astype(np.uint8)
    for k in np.unique(mask).tolist():
        if k != IGNORE_INDEX:
            _drop_small(mask, k, min_area * mask.size)
    labelled = mask != IGNORE_INDEX
    return mask, float(confidence[labelled].mean()) if labelled.any() else 0.0


def _drop_small(mask: Mask, k: int, least: float) -> None:
    """Ignore, in place, the regions of class ``k`` below ``least`` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((mask == k).astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < least
    small[0] = False  # everything else
    mask[small[labels]] = IGNORE_INDEX
