"""Measure regions of a photograph: annotated objects, and what a network sees where nothing was annotated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from trashseg.auditing.view import Flags, Mask, View
from trashseg.data.index import CocoIndex
from trashseg.data.masks import shrink_mask
from trashseg.data.raster import UNPAINTED, object_mask

Box = tuple[int, int, int, int]
"""Left, top, width and height, pixels of the mask."""

LOW_QUANTILE = 0.1
"""A tenth of an object's pixels have a lower self-confidence than :attr:`Region.low`."""

_OPENING = np.ones((5, 5), np.uint8)  # what is thinner is an outline that two people draw differently


@dataclass(frozen=True)
class Region:
    """One region as it was measured, on its pixels away from borders where it has any.

    It holds plain numbers: small arrays that outlive the large ones around them would keep these from being returned to
    the system.

    Args:
        annotation: its position in the COCO index; None: nobody annotated it.
        label: class id; 0 where nobody annotated it.
        box: the smallest that holds it.
        area: its visible pixels.
        means: K, the mean probability of each class, 0..1.
        shares: K, the share of its pixels that look most like each class, 0..1.
        low: the low quantile of the label's probability over its pixels, 0..1.
        iou: of the region and the pixels near it predicted as its label, 0..1; 0 where nobody annotated it.
        outline: x and y of the corners of the largest part, where nobody annotated it, else empty.
    """

    annotation: int | None
    label: int
    box: Box
    area: int
    means: tuple[float, ...]
    shares: tuple[float, ...]
    low: float
    iou: float
    outline: tuple[tuple[int, int], ...]


def annotated_regions(view: View, index: CocoIndex, i: int, class_of: Mapping[int, int]) -> Iterator[Region]:
    """Measure the objects of image ``i`` that can be seen and have a class.

    Args:
        view: the photograph.
        index: its COCO file.
        i: its position there.
        class_of: category id -> class id, ``IGNORE_INDEX`` or ``UNPAINTED``.
    """
    size = (view.mask.shape[0], view.mask.shape[1])
    for j in index.annotations_of(i):
        label = class_of.get(int(index.ann_category[j]), UNPAINTED)
        if 0 < label < len(view.probs):
            whole = shrink_mask(object_mask(index, i, j), size)
            seen = cv2.bitwise_and(whole, (view.mask == label).view(np.uint8))
            if seen.any():
                yield _measured(view, seen, label, j)


def missing_regions(view: View, min_area: int) -> Iterator[Region]:
    """Measure the connected regions of at least ``min_area`` pixels predicted as an object where none is labelled.

    They lie away from every annotated object; what is thinner than five pixels does not count.
    """
    candidates = np.where(view.core & (view.mask == 0), view.pred, 0)
    for k in np.unique(candidates).tolist():
        if k == 0:
            continue
        opened = cv2.morphologyEx((candidates == k).view(np.uint8), cv2.MORPH_OPEN, _OPENING)
        count, parts, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] >= min_area:
                yield _measured(view, (parts == part).view(np.uint8), 0, None)


def _measured(view: View, seen: Mask, label: int, annotation: int | None) -> Region:
    """Measure the pixels ``seen`` (H, W), 0 or 1."""
    box = left, top, width, height = _box(seen)
    window = (slice(top, top + height), slice(left, left + width))
    inside = seen[window] == 1
    judged = inside & view.core[window]
    if not judged.any():
        judged = inside
    probs = view.probs[:, *window][:, judged]
    shares = np.bincount(view.pred[window][judged], minlength=len(probs)) / probs.shape[1]
    return Region(
        annotation, label, box, int(inside.sum()), tuple(probs.mean(1).tolist()), tuple(shares.tolist()),
        float(np.quantile(probs[label], LOW_QUANTILE)), _agreement(view, seen, label, box) if label else 0.0,
        () if label else _outline(inside, (left, top)),
    )  # fmt: skip


def _agreement(view: View, seen: Mask, label: int, box: Box) -> float:
    """Return the IoU of an object and the pixels predicted as its label.

    Of those only the ones around it count, up to half its size away, that no label of the same class explains.
    """
    left, top, width, height = box
    window = (
        slice(max(0, top - height // 2), top + height + height // 2),
        slice(max(0, left - width // 2), left + width + width // 2),
    )
    inside, predicted = seen[window] == 1, view.pred[window] == label
    union = inside | (predicted & (view.mask[window] != label))
    return float((inside & predicted).sum() / union.sum())


def _outline(inside: Flags, corner: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return the corners of the largest part of a region whose window begins at ``corner`` (left, top)."""
    contours, _ = cv2.findContours(inside.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 1.0, True)[:, 0]
    return tuple((x + corner[0], y + corner[1]) for x, y in largest.tolist())


def _box(seen: Mask) -> Box:
    left, top, width, height = cv2.boundingRect(seen)
    return left, top, width, height
