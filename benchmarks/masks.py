"""What the cached masks and the cached index save, against pycocotools on each access. Prints one table.

Run it as ``python benchmarks/masks.py``, or on a data set of your own with ``--root DIR --json train.json``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools.coco import COCO

from trashseg.data.index import CocoIndex, open_index
from trashseg.data.masks import MaskRecipe, open_masks

SIDE = 512


def dense_contour(rng: np.random.Generator) -> list[int]:
    """Return every pixel of a blob's outline, as the competition's annotations have it."""
    corners = int(rng.integers(8, 30))
    angles = np.sort(rng.random(corners)) * 2 * np.pi
    reach = rng.uniform(0.4, 1, corners) * rng.choice([15, 50, 120])
    points = rng.uniform(60, SIDE - 60, 2) + np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None]
    blob = cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [points.astype(np.int32)], 1)
    contours, _ = cv2.findContours(blob, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len).ravel().tolist() if contours else [0, 0, 9, 0, 9, 9]


def generate(num_images: int, num_annotations: int, rng: np.random.Generator) -> dict[str, Any]:
    shapes = [dense_contour(rng) for _ in range(min(num_annotations, 700))]
    return {
        "images": [{"id": i, "file_name": f"{i:04d}.jpg", "height": SIDE, "width": SIDE} for i in range(num_images)],
        "categories": [{"id": k, "name": f"class {k}"} for k in range(1, 11)],
        "annotations": [
            {
                "id": j,
                "image_id": j * num_images // num_annotations,
                "category_id": int(rng.integers(1, 11)),
                "segmentation": [shapes[j % len(shapes)]],
                "area": float(rng.integers(100, 50_000)),
                "bbox": [0, 0, 1, 1],
                "iscrowd": 0,
            }
            for j in range(num_annotations)
        ],
    }


def usual_mask(coco: COCO, image_id: int, class_of: dict[int, int]) -> np.ndarray:
    info = coco.loadImgs(image_id)[0]
    mask = np.zeros((info["height"], info["width"]), np.uint8)
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=image_id))
    for annotation in sorted(annotations, key=lambda a: a["area"], reverse=True):
        mask[coco.annToMask(annotation) == 1] = class_of[annotation["category_id"]]
    return mask


def load_coco(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def milliseconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median over ``repeats``."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def visit(order: list[int], access: Callable[[int], np.ndarray]) -> None:
    """Fetch each mask and let go of it, as a loader does."""
    for i in order:
        access(i)


def mask_rows(path: Path, cache: Path, repeats: int) -> list[tuple[str, float, float, str]]:
    coco, index = load_coco(path), open_index(path, cache)
    if index.problems or not len(index.ann_ids):
        sys.exit(f"{path}: the comparison needs a file with annotations and without faults")
    class_of = {category: category % 255 for category in index.categories}
    start = time.perf_counter()
    masks = open_masks(index, MaskRecipe(np.arange(len(index)), class_of, 255, "area_desc", None), cache)
    built = 1000 * (time.perf_counter() - start) / len(index)
    ids = index.image_ids.tolist()
    order = np.random.default_rng(0).permutation(len(ids)).tolist()
    different = sum(int((masks[i] != usual_mask(coco, ids[i], class_of)).sum()) for i in order)
    usual = milliseconds(lambda: visit(order, lambda i: usual_mask(coco, ids[i], class_of)), repeats) / len(ids)
    ours = milliseconds(lambda: visit(order, masks.__getitem__), 10 * repeats) / len(ids)
    per_image = f"{len(index)} images, {len(index.ann_ids)} annotations"
    return [
        (f"one mask, each access ({per_image})", usual, ours, f"{different} pixels differ"),
        ("one mask, painted once into the cache", usual, built, ""),
    ]


def index_rows(folder: Path, cache: Path, repeats: int) -> list[tuple[str, float, float, str]]:
    path = folder / "large.json"
    path.write_text(json.dumps(generate(3272, 26_240, np.random.default_rng(1))))
    size = f"{path.stat().st_size / 1e6:.0f} MB"
    usual = milliseconds(lambda: load_coco(path), repeats)
    first = milliseconds(lambda: open_index(path, cache), 1)
    warm = milliseconds(lambda: open_and_count(path, cache), 3 * repeats)
    return [
        (f"open 26,240 annotations, first time ({size})", usual, first, "parsed and validated"),
        ("open 26,240 annotations, later", usual, warm, ""),
    ]


def open_and_count(path: Path, cache: Path) -> CocoIndex:
    index = open_index(path, cache)
    assert len(index.ann_ids) == 26_240
    return index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder of a data set; default: a generated one")
    parser.add_argument("--json", default="train.json", help="the COCO file in it")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools' decoder and numpy 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "small.json"
        if options.root:
            path = options.root / options.json
        else:
            path.write_text(json.dumps(generate(100, 700, np.random.default_rng(0))))
        rows = mask_rows(path, folder / "cache", options.repeats)
        rows += index_rows(folder, folder / "cache", options.repeats)
    print(f"{'one thread, median':<66} {'pycocotools ms':>14} {'trashseg ms':>12} {'ratio':>8}")
    for title, usual, ours, note in rows:
        print(f"{title:<66} {usual:>14.3f} {ours:>12.4f} {usual / ours:>7.1f}x  {note}")


if __name__ == "__main__":
    main()
