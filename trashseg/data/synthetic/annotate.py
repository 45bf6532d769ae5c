"""From the pixels in which an object is seen to a COCO annotation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.synthetic.scene import Scene

MIN_AREA = 40
"""Objects of which fewer pixels are seen are not annotated: no person would outline them."""
_MIN_PART = 8
_MIN_HOLE = 8

Mask = npt.NDArray[np.uint8]


def annotate(scene: Scene) -> list[dict[str, Any]]:
    """Return one annotation for each object seen in ``scene``, without ``id`` and ``image_id``.

    What lies under another object is left out, so the annotations do not overlap and any painting order gives
    the same mask. ``segmentation`` holds dense integer outlines, one a part; an object with a hole, which COCO's
    polygons cannot say, gets an uncompressed run-length code instead.
    """
    found = ((category, scene.owner == number) for number, category in enumerate(scene.categories))
    annotations = [_annotation(category, seen.view(np.uint8)) for category, seen in found if seen.any()]
    return [annotation for annotation in annotations if annotation["area"] >= MIN_AREA]


def _annotation(category: int, mask: Mask) -> dict[str, Any]:
    """Describe one object; ``area`` and ``bbox`` are those of the painted segmentation, specks left out."""
    segmentation = encode(mask)
    if isinstance(segmentation, dict):
        area = float(cv2.countNonZero(mask))
        box = [float(value) for value in cv2.boundingRect(mask)]
    else:
        parts = [np.array(part, np.int32).reshape(-1, 2) for part in segmentation]
        area = float(sum(cv2.contourArea(part) for part in parts))
        low, high = (np.concatenate(parts).min(0), np.concatenate(parts).max(0)) if parts else (np.zeros(2),) * 2
        box = [*low.astype(float).tolist(), *(high - low).astype(float).tolist()]
    return {"category_id": category, "segmentation": segmentation, "area": area, "bbox": box, "iscrowd": 0}


def encode(mask: Mask) -> list[list[int]] | dict[str, Any]:
    """Return polygons ``[[x, y, x, y, ...], ...]``, or ``{"counts", "size"}`` where ``mask`` (h, w) has holes.

    Specks and holes of fewer than eight pixels are left out; nothing but specks gives an empty list.
    """
    left, top, width, height = cv2.boundingRect(mask)
    doubled = cv2.resize(
        mask[top : top + height, left : left + width], None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST
    )
    contours, hierarchy = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(2 * left, 2 * top))
    inner = hierarchy[0, :, 3] >= 0
    edges = [_edges(contour[:, 0]) for contour in contours]
    areas = np.array([cv2.contourArea(edge) for edge in edges])
    if (areas[inner] >= _MIN_HOLE).any():
        return run_lengths(mask)
    return [edges[number].reshape(-1).tolist() for number in np.flatnonzero(~inner & (areas >= _MIN_PART))]


def _edges(points: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Turn a contour (n, 2) of the mask drawn at twice its size into the outer edges of its pixels, (m, 2).

    findContours runs through the middles of pixels, COCO's polygons along their edges: of the two points that
    each pixel has at twice the size, the first (2 x) goes to its left edge x, the second (2 x + 1) to x + 1.
    """
    corners = (points + 1) // 2
    moved = (corners != np.roll(corners, 1, axis=0)).any(1)
    edges: npt.NDArray[np.int32] = corners[moved]
    return edges


def run_lengths(mask: Mask) -> dict[str, Any]:
    """Return COCO's uncompressed run-length code: run lengths down the columns, the first one of zeros."""
    flat = mask.reshape(-1, order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"counts": [0, *runs] if flat[0] else runs, "size": list(mask.shape)}
