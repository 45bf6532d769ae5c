"""Small data sets whose every object is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIDE = 128
NAMES = ("Paper", "Metal", "Glass")

Object = dict[str, Any]


def rectangle(left: float, top: float, right: float, bottom: float, category: int = 1, **changes: Any) -> Object:
    """An annotation of a rectangle; ``changes`` overwrite its entries."""
    return {
        "category_id": category, "segmentation": [[left, top, right, top, right, bottom, left, bottom]],
        "area": (right - left) * (bottom - top), "bbox": [left, top, right - left, bottom - top], "iscrowd": 0,
        **changes,
    }  # fmt: skip


def write_part(root: Path, name: str, photographs: Sequence[Sequence[Object]], size: tuple[int, int]) -> None:
    """Write NAME.json with the objects of each photograph, and random photographs of ``size`` (height, width)."""
    rng = np.random.default_rng(len(photographs))
    tree: dict[str, Any] = {"images": [], "annotations": []}
    tree["categories"] = [{"id": k, "name": text} for k, text in enumerate(NAMES, start=1)]
    for i, objects in enumerate(photographs):
        place = f"{name}/{i:04d}.jpg"
        (root / name).mkdir(exist_ok=True)
        coarse = rng.integers(0, 256, (8, 8, 3), np.uint8)
        cv2.imwrite(str(root / place), cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC))
        tree["images"].append({"id": i, "file_name": place, "height": size[0], "width": size[1]})
        for found in objects:
            tree["annotations"].append({"id": len(tree["annotations"]) + 1, "image_id": i, **found})
    (root / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
