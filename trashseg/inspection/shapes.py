"""The shapes of one photograph's objects: what they paint, how thin they are, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from trashseg.data.index import CocoIndex
from trashseg.data.raster import object_mask
from trashseg.data.segmentation import Segment

Floats = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class Shape(NamedTuple):
    """One object in pixels of its photograph.

    ``area`` counts the pixels that it paints; ``perimeter`` is that of all its parts; ``thickness`` is that of the
    thinnest part, 2 * area / perimeter, which is the width of a long strip and half the side of a square. Boxes are
    left, top, right, bottom of the whole outline and of the thinnest part, not clipped.
    """

    area: float
    perimeter: float
    thickness: float
    box: Box
    thin_box: Box


class Overlap(NamedTuple):
    """Two objects and the number of pixels that both paint."""

    first: int
    second: int
    pixels: float


def measure_shapes(index: CocoIndex, i: int, rows: Sequence[int]) -> tuple[list[Shape], list[Overlap]]:
    """Measure the annotations ``rows`` of image ``i``; overlaps go by places in ``rows``."""
    if not rows:
        return [], []
    size = index.size(i)
    runs = [_encode(index.segmentation(j), *size) for j in rows]
    areas = np.asarray(coco_mask.area(runs), np.float64)
    shapes = [_shape(outline(index, i, j), area) for j, area in zip(rows, areas.tolist(), strict=True)]
    return shapes, _overlaps(runs, areas)


def outline(index: CocoIndex, i: int, j: int) -> list[Floats]:
    """Return the parts of annotation ``j`` of image ``i``, each (n, 2), x and y in pixels; run lengths are traced."""
    segment = index.segmentation(j)
    if not segment.is_rle:
        return [part.reshape(-1, 2) for part in segment.parts]
    traced, _ = cv2.findContours(object_mask(index, i, j), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [contour.reshape(-1, 2).astype(np.float64) for contour in traced]


def _encode(segment: Segment, height: int, width: int) -> Any:
    """Return pycocotools' run lengths of all parts together."""
    if segment.is_rle:
        counts = segment.parts[0].astype(np.int64).tolist()
        return coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return coco_mask.merge(coco_mask.frPyObjects(list(segment.parts), height, width))


def _shape(parts: Sequence[Floats], area: float) -> Shape:
    """Measure the outlines of one object; without any, which is an object of no pixels, all is 0."""
    if not parts:
        nowhere = (0.0, 0.0, 0.0, 0.0)
        return Shape(area, 0.0, 0.0, nowhere, nowhere)
    lengths = [_length(part) for part in parts]
    widths = [2 * _enclosed(part) / length if length else 0.0 for part, length in zip(parts, lengths, strict=True)]
    boxes = [_box(part) for part in parts]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    thickness, thin_box = min(zip(widths, boxes, strict=True))
    return Shape(area, sum(lengths), thickness, (min(lefts), min(tops), max(rights), max(bottoms)), thin_box)


def _box(points: Floats) -> Box:
    """Return the box around points (n, 2)."""
    return (*points.min(0).tolist(), *points.max(0).tolist())


def _enclosed(part: Floats) -> float:
    """Return the area within a polygon."""
    x, y = part[:, 0], part[:, 1]
    return abs(float(x[:-1] @ y[1:] - y[:-1] @ x[1:] + x[-1] * y[0] - y[-1] * x[0])) / 2


def _length(part: Floats) -> float:
    """Return the length of a closed polygon."""
    steps = part - np.concatenate([part[-1:], part[:-1]])
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _overlaps(runs: Sequence[Any], areas: Floats) -> list[Overlap]:
    """Return the pairs that share pixels."""
    iou = np.asarray(coco_mask.iou(list(runs), list(runs), [0] * len(runs)))
    first, second = np.nonzero(np.triu(iou, 1))
    both = iou[first, second]
    # iou = shared / (a + b - shared)
    shared = np.rint((areas[first] + areas[second]) * both / (1 + both))
    return [Overlap(*pair) for pair in zip(first.tolist(), second.tolist(), shared.tolist(), strict=True)]
