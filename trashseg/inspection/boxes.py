"""The boxes that a COCO file lists; training does without them, so that the index does not keep them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.index import CocoIndex


def listed_boxes(index: CocoIndex) -> npt.NDArray[np.float64]:
    """Return the ``bbox`` of every annotation of ``index``, (A, 4): x, y, width, height; NaN where none is usable."""
    tree = json.loads(index.path.read_bytes(), object_hook=_without_outline)
    boxes: dict[float, Any] = {}
    for entry in tree.get("annotations") or []:
        if isinstance(entry, dict) and isinstance(entry.get("id"), int | float):
            boxes.setdefault(entry["id"], entry.get("bbox"))
    rows = [_box(boxes.get(number)) for number in index.ann_ids.tolist()]
    return np.array(rows, np.float64).reshape(-1, 4)


def _without_outline(entry: dict[str, Any]) -> dict[str, Any]:
    """Let go of an annotation's outline as soon as it is read: it is nearly all of the file."""
    entry.pop("segmentation", None)
    return entry


def _box(value: Any) -> list[float]:
    """Return four numbers."""
    if isinstance(value, list) and len(value) == 4 and all(isinstance(number, int | float) for number in value):
        return [float(number) for number in value]
    return [np.nan] * 4
