"""Boundary IoU: how well outlines agree, whatever the size of the objects.

B. Cheng, R. Girshick, P. Dollár, A. C. Berg, A. Kirillov, "Boundary IoU: Improving Object-Centric Image Segmentation
Evaluation", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from trashseg.types import IGNORE_INDEX

Mask = npt.NDArray[np.uint8]
_Pick = Callable[[Mask, Mask], Mask]

DILATION_RATIO = 0.02
"""Width of the compared strip as a share of the image's diagonal; the paper's value."""


def boundary_counts(pred: Mask, target: Mask, num_classes: int) -> npt.NDArray[np.int64]:
    """Count the pixels on which boundary IoU rests: of each class only those near its own outline.

    Where the truth is ``IGNORE_INDEX`` nothing counts, and both maps end there as they end at the image's edge.

    Args:
        pred: class ids (H, W), 0..K-1.
        target: class ids (H, W), 0..K-1 or ``IGNORE_INDEX``.
        num_classes: K.

    Returns:
        (2, K): pixels in both strips, and in either. Their sums over a data set give its boundary IoU.
    """
    distance = strip_width(*target.shape)
    pred = np.maximum(pred, (target == IGNORE_INDEX) * np.uint8(IGNORE_INDEX))
    truth_near, pred_near = near_outline(target, distance), near_outline(pred, distance)
    both = truth_near & pred_near & (pred == target)
    in_truth, in_pred, hits = (_pixels(ids, num_classes) for ids in (target[truth_near], pred[pred_near], target[both]))
    return np.stack([hits, in_truth + in_pred - hits])


def _pixels(ids: Mask, num_classes: int) -> npt.NDArray[np.int64]:
    """Return how often each class occurs (K,); IGNORE_INDEX lies behind the classes and is cut off."""
    # numpy's own bincount first makes the bytes eight times as large.
    return torch.bincount(torch.from_numpy(ids), minlength=num_classes)[:num_classes].numpy()


def strip_width(height: int, width: int, ratio: float = DILATION_RATIO) -> int:
    """Return how far from its outline a pixel of an object may lie, in pixels, at least 1."""
    return max(1, round(ratio * float(np.hypot(height, width))))


def near_outline(mask: Mask, distance: int) -> npt.NDArray[np.bool_]:
    """Say which pixels lie within ``distance`` pixels, diagonals counting 1, of another class or of the edge.

    For each class this is what the paper's erosion by that many 3x3 squares takes away, for all classes at once: a
    pixel stays inside where the square of side 2 * distance + 1 around it shows one class only.
    """
    near = np.ones(mask.shape, np.bool_)
    side = 2 * distance + 1
    if min(mask.shape) >= side:
        highest, lowest = (_over_squares(mask, side, pick) for pick in (np.maximum, np.minimum))
        near[distance : mask.shape[0] - distance, distance : mask.shape[1] - distance] = highest != lowest
    return near


def _over_squares(mask: Mask, side: int, pick: _Pick) -> Mask:
    """Return the extreme of every square of ``side`` that lies wholly inside: (H - side + 1, W - side + 1)."""
    rows = _over_rows(mask, side, pick)
    return _over_rows(rows.T, side, pick).T


def _over_rows(values: Mask, length: int, pick: _Pick) -> Mask:
    """Return the extreme of every ``length`` consecutive rows; windows double, so this takes log2(length) steps."""
    span = 1
    while span < length:
        step = min(span, length - span)
        values = pick(values[:-step], values[step:])
        span += step
    return values
