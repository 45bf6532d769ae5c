from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from trashseg.data.index import open_index
from trashseg.data.raster import PAINT_ORDERS, UNPAINTED, rasterise
from trashseg.types import IGNORE_INDEX, ConfigError, DataError

CLASS_OF = {1: 4, 2: 1, 5: 3, 9: IGNORE_INDEX, 12: 0}


def random_polygon(rng: np.random.Generator, height: int, width: int) -> list[float]:
    """Draw any polygon: small, large, self-crossing, a sliver, or over the edge; whole, half or free coordinates."""
    count = int(rng.integers(3, 40))
    centre = rng.random(2) * (width, height)
    reach = rng.choice([0.4, 2, 10, max(height, width) / 2])
    points = centre + rng.normal(size=(count, 2)) * reach
    if rng.random() < 0.5:
        turn = np.sort(rng.random(count)) * 2 * np.pi
        points = centre + np.stack([np.cos(turn), np.sin(turn)], 1) * rng.uniform(0.3, 1, (count, 1)) * reach
    points = np.clip(points, -0.3 * min(height, width), [1.3 * width, 1.3 * height])
    step = rng.choice([0, 1, 0.5])
    return (np.round(points / step) * step if step else points).ravel().tolist()


def random_segmentation(rng: np.random.Generator, height: int, width: int, only_polygons: bool) -> Any:
    kind = rng.integers(3 if only_polygons else 5)
    if kind < 3:
        parts = [random_polygon(rng, height, width) for _ in range(rng.integers(1, 4))]
        # A remnant paints nothing; pycocotools fails where it comes first.
        return parts + [[1.0, 1, 9, 9]] * int(rng.integers(2))
    holes = np.kron(rng.random((height // 7 + 1, width // 5 + 1)) < 0.4, np.ones((7, 5)))[:height, :width] > 0
    if kind == 3:
        encoded = coco_mask.encode(np.asfortranarray(holes.astype(np.uint8)))
        return {"size": [height, width], "counts": encoded["counts"].decode()}
    counts = [len(list(run)) for _, run in itertools.groupby(holes.T.ravel().tolist())]
    return {"size": [height, width], "counts": [0, *counts] if holes[0, 0] else counts}


def random_tree(seed: int, only_polygons: bool) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    tree: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": c, "name": str(c)} for c in CLASS_OF],
    }
    for i in range(4):
        height, width = rng.integers(20, 120, 2).tolist()
        tree["images"].append({"id": i + 5, "file_name": f"{i}.jpg", "height": height, "width": width})
        for _ in range(12):
            annotation = {
                "id": len(tree["annotations"]),
                "image_id": i + 5,
                "category_id": int(rng.choice(list(CLASS_OF))),
                "segmentation": random_segmentation(rng, height, width, only_polygons),
                "area": float(rng.integers(1, 6)),  # many ties
                "iscrowd": int(rng.random() < 0.2),
            }
            tree["annotations"].append(annotation)
    return tree


@pytest.mark.parametrize("order", PAINT_ORDERS)
@pytest.mark.parametrize("seed", range(12))
def test_masks_equal_pycocotools(
    tmp_path: Path, cache: Path, usual_masks: Callable[..., list[np.ndarray]], seed: int, order: str
) -> None:
    # Ordering by points is not defined for run lengths in the usual code.
    tree = random_tree(seed, only_polygons=order == "points_asc")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(tree))
    index = open_index(path, cache)
    dropped = {int(p.where.split()[1]) for p in index.problems}
    assert all("outside" in p.what for p in index.problems)
    tree["annotations"] = [a for a in tree["annotations"] if a["id"] not in dropped]
    assert len(index.ann_ids) == len(tree["annotations"]) > 30
    masks = usual_masks(tree, CLASS_OF, order)
    assert len(np.unique(np.concatenate([m.ravel() for m in masks]))) > 3
    for i, expected in enumerate(masks):
        mask = rasterise(index, i, CLASS_OF, order)
        assert mask.dtype == np.uint8
        assert mask.flags.c_contiguous
        np.testing.assert_array_equal(mask, expected)


def test_the_three_orders_differ(tmp_path: Path, cache: Path) -> None:
    small, large = [[2, 2, 8, 2, 8, 8, 2, 8, 2, 5]], [[0, 0, 12, 0, 12, 12, 0, 12]]
    tree = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 12, "width": 12}],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": small, "area": 36},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": large, "area": 144},
        ],
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps(tree))
    index = open_index(path, cache)
    assert rasterise(index, 0, {1: 1, 2: 2}, "area_desc")[4, 4] == 1  # the small object on top
    assert rasterise(index, 0, {1: 1, 2: 2}, "points_asc")[4, 4] == 1  # the one with more points on top
    assert rasterise(index, 0, {1: 1, 2: 2}, "max_id")[4, 4] == 2
    assert rasterise(index, 0, {1: 3, 2: 2}, "max_id")[4, 4] == 3  # class ids decide, not category ids
    assert rasterise(index, 0, {1: 3, 2: IGNORE_INDEX}, "max_id")[4, 4] == IGNORE_INDEX
    assert rasterise(index, 0, {1: UNPAINTED, 2: 2}, "area_desc")[4, 4] == 2
    assert not rasterise(index, 0, {1: UNPAINTED, 2: UNPAINTED}, "max_id").any()


def test_wrong_order_and_unknown_category(data: Any, cache: Path) -> None:
    index = open_index(data.write(), cache)
    with pytest.raises(ConfigError, match="area_desc"):
        rasterise(index, 0, {1: 1, 2: 2, 7: 3}, "area_dsc")
    with pytest.raises(DataError, match=r"image 0 \(batch/0000.jpg\): category 2"):
        rasterise(index, 0, {1: 1, 7: 3}, "area_desc")


@pytest.mark.parametrize("order", PAINT_ORDERS)
def test_real_masks_equal_pycocotools(
    real_data: Callable[[str], Path], cache: Path, usual_masks: Callable[..., list[np.ndarray]], order: str
) -> None:
    for path in (real_data("trash360") / "val.json", real_data("taco40") / "annotations.json"):
        tree = json.loads(path.read_text())
        class_of = {category["id"]: category["id"] % 11 for category in tree["categories"]}
        tree["images"] = tree["images"][::4]
        index = open_index(path, cache)
        for i, expected in zip(range(0, len(index), 4), usual_masks(tree, class_of, order), strict=True):
            np.testing.assert_array_equal(rasterise(index, i, class_of, order), expected)
