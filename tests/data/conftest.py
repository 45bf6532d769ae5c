"""A small data set on disk, and the usual way of painting masks as the reference."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from trashseg.data.index import open_index
from trashseg.data.prepared import PreparedSplit, prepare

CATEGORIES = [{"id": 1, "name": "Paper"}, {"id": 2, "name": "Metal"}, {"id": 7, "name": "Glass"}]
CLASS_OF = {1: 1, 2: 2, 7: 3}


class DataFolder:
    """A root folder with a COCO file whose dict can be altered before it is written."""

    def __init__(self, root: Path, num_images: int = 4, size: tuple[int, int] = (40, 60)) -> None:
        self.root = root
        self.json = root / "train.json"
        height, width = size
        (root / "batch").mkdir(parents=True)
        self.tree: dict[str, Any] = {"categories": [dict(c) for c in CATEGORIES], "images": [], "annotations": []}
        for i in range(num_images):
            name = f"batch/{i:04d}.jpg"
            self.tree["images"].append({"id": i, "file_name": name, "height": height, "width": width})
            self.photograph(name, size, seed=i)
            for j in range(2):
                self.tree["annotations"].append(
                    {
                        "id": 10 * i + j,
                        "image_id": i,
                        "category_id": CATEGORIES[(i + j) % 3]["id"],
                        "segmentation": [[5 + j, 5, 35, 6 + i, 30 + j, 30, 8, 25]],
                        "area": 500.0 - 100 * j,
                        "bbox": [5, 5, 30, 25],
                        "iscrowd": 0,
                    }
                )

    def photograph(self, name: str, size: tuple[int, int], seed: int = 0) -> Path:
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
        path = self.root / name
        Image.fromarray(pixels).save(path, quality=90)
        return path

    def write(self) -> Path:
        self.json.write_text(json.dumps(self.tree), encoding="utf-8")
        return self.json


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "root")


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[..., DataFolder]:
    return lambda name="other", **options: DataFolder(tmp_path / name, **options)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def class_of() -> dict[int, int]:
    return dict(CLASS_OF)


def paint_as_usual(coco: COCO, image_id: int, class_of: dict[int, int], order: str) -> np.ndarray:
    """Paint with pycocotools as the notebooks do: sort, annToMask, overwrite or maximum."""
    info = coco.imgs[image_id]
    mask = np.zeros((info["height"], info["width"]), np.uint8)
    annotations = coco.imgToAnns[image_id]
    if order == "area_desc":
        annotations = sorted(annotations, key=lambda a: a["area"], reverse=True)
    elif order == "points_asc":
        annotations = sorted(annotations, key=lambda a: len(a["segmentation"][0]))
    for annotation in annotations:
        value = class_of[annotation["category_id"]]
        if order == "max_id":
            mask = np.maximum(mask, coco.annToMask(annotation) * np.uint8(value))
        else:
            mask[coco.annToMask(annotation) == 1] = value
    return mask


@pytest.fixture
def usual_masks() -> Callable[..., list[np.ndarray]]:
    """Return every mask of a COCO dict, in the order of its images."""

    def paint(tree: dict[str, Any], class_of: dict[int, int], order: str) -> list[np.ndarray]:
        coco = COCO()
        coco.dataset = tree
        coco.createIndex()
        with warnings.catch_warnings():
            # pycocotools' decoder has not followed numpy 2's new word for a copy.
            warnings.simplefilter("ignore", DeprecationWarning)
            return [paint_as_usual(coco, image["id"], class_of, order) for image in tree["images"]]

    return paint


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return the folder of a real data set, or skip the test where it is not at hand."""
    base = Path(os.environ.get("TRASHSEG_TEST_DATA") or Path(__file__).parents[2] / "../shared/data")

    def find(name: str) -> Path:
        if not (base / name).is_dir():
            pytest.skip(f"no real photographs: {name} is not in TRASHSEG_TEST_DATA")
        return base / name

    return find


@pytest.fixture
def ready(data: Any, cache: Path, class_of: dict[int, int]) -> Callable[..., PreparedSplit]:
    """Return a function that writes the JSON and prepares it; keywords override."""

    def make(**options: Any) -> PreparedSplit:
        index = open_index(data.write(), cache)
        options = {"class_of": class_of, "num_classes": 4, "cache_dir": cache} | options
        return prepare(index, data.root, options.pop("class_of"), options.pop("num_classes"), **options)

    return make
