"""Labels as a COCO file: a region a class and photograph, what is not sure as a category of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from trashseg.data.pseudo import UNSURE, WEIGHT
from trashseg.files import write_json
from trashseg.types import IGNORE_INDEX

Mask = npt.NDArray[np.uint8]


class PseudoFile:
    """Collects the labels of photographs.

    Args:
        classes: the names of the K classes; the background, the first, is what no region covers.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._ids = {k: name for k, name in enumerate(classes) if k} | {IGNORE_INDEX: UNSURE}
        self._numbers = {k: number for number, k in enumerate(self._ids, start=1)}
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []
        self.pixels = np.zeros(256, np.int64)

    def add(self, name: str, mask: Mask, weight: float) -> None:
        """Add a photograph.

        Args:
            name: its file name, relative to the data's root.
            mask: class ids or ``IGNORE_INDEX`` (H, W).
            weight: its share of a visit, 0..1.
        """
        image = len(self._images)
        height, width = mask.shape
        self._images.append(
            {"id": image, "file_name": name, "height": height, "width": width, WEIGHT: round(weight, 4)}
        )
        self.pixels += np.bincount(mask.ravel(), minlength=256)
        for k, number in self._numbers.items():
            region = np.asfortranarray(mask == k, dtype=np.uint8)
            if region.any():
                self._annotations.append(self._annotation(image, number, region))

    def write(self, path: Path) -> None:
        """Write the file, atomically."""
        categories = [{"id": number, "name": self._ids[k]} for k, number in self._numbers.items()]
        write_json(path, {"images": self._images, "annotations": self._annotations, "categories": categories})

    def _annotation(self, image: int, number: int, region: Mask) -> dict[str, Any]:
        runs = coco_mask.encode(region)
        return {
            "id": len(self._annotations),
            "image_id": image,
            "category_id": number,
            "segmentation": {"size": list(map(int, runs["size"])), "counts": runs["counts"].decode()},
            "area": int(region.sum()),
            "bbox": [float(value) for value in coco_mask.toBbox(runs)],
            "iscrowd": 1,
        }
