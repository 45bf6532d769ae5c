"""Recall of objects by size: an mIoU of pixels hardly notices a lost bottle cap."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.uint8]

SIZES = ("small", "medium", "large")
SIZE_BOUNDS = ((32 / 512) ** 2, (96 / 512) ** 2)
"""Shares of the image's area at which an object is no longer small, and is large: COCO's 32^2 and 96^2 pixels for a
photograph of 512 x 512."""


def object_counts(pred: Mask, target: Mask, num_classes: int) -> npt.NDArray[np.int64]:
    """Count the objects of the truth and those found.

    An object is a connected component, over corners too, of one class; two objects of a class that touch are one. The
    background, class 0, has none. An object is found when at least half of its pixels are predicted as its class.

    Args:
        pred: class ids (H, W), 0..K-1.
        target: class ids (H, W), 0..K-1 or ``IGNORE_INDEX``.
        num_classes: K.

    Returns:
        (3, 2, K): for each of ``SIZES``, found objects and all objects of each class.
    """
    counts = np.zeros((len(SIZES), 2, num_classes), np.int64)
    for k in range(1, num_classes):
        truth = target == k
        if not truth.any():
            continue
        areas, hits = _areas_and_hits(truth, pred, k)
        sizes = np.searchsorted(SIZE_BOUNDS, areas / target.size, side="right")
        counts[:, 0, k] = np.bincount(sizes[2 * hits >= areas], minlength=len(SIZES))
        counts[:, 1, k] = np.bincount(sizes, minlength=len(SIZES))
    return counts


def _areas_and_hits(
    truth: npt.NDArray[np.bool_], pred: Mask, k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the pixels of each component of ``truth``, and how many of them are predicted as class ``k``."""
    box = _bounding_box(truth)
    inside = truth[box]
    num_labels, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8)
    component = labels[inside] - 1  # of each pixel of the class; label 0 is everything else
    found = component[pred[box][inside] == k]
    areas, hits = (np.bincount(owners, minlength=num_labels - 1) for owners in (component, found))
    return areas, hits


def _bounding_box(mask: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the smallest part of ``mask`` that holds all of it; ``mask`` is not empty."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
