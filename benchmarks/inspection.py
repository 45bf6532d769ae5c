"""What ``trashseg split`` and ``inspect`` cost on a set of the competition's size, beside the usual notebook's loop.

The data set is generated: 3,272 JPEGs of 512 x 512 and 26,240 polygons. The commands run with an empty cache, one
after the other and each alone. The notebook's loop (pycocotools' annToMask and annToRLE for every object, Pillow's
pixels for the statistics) does a part of it only: no scenes, no pictures, no page. It is timed on a sample and scaled.

Run it as ``python benchmarks/inspection.py``; ``--photographs 300`` for a quick look.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

SIDE = 512
VAL_SHARE = 0.2
MATERIALS = ("General trash", "Paper", "Paper pack", "Metal", "Glass", "Plastic", "Styrofoam", "Plastic bag", "Battery",
             "Clothing")  # fmt: skip


def photograph(rng: np.random.Generator) -> np.ndarray:
    """Return an image (512, 512, 3) with coarse and fine structure of its own."""
    layers = [cv2.resize(rng.integers(0, 256, (n, n, 3), np.uint8), (SIDE, SIDE)) for n in (6, 40, 256)]
    return cv2.addWeighted(cv2.addWeighted(layers[0], 0.6, layers[1], 0.4, 0), 0.75, layers[2], 0.25, 0)


def blob(rng: np.random.Generator) -> np.ndarray:
    """Return a dense outline (n, 2) of integers, as the competition's annotations have it."""
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    reach = rng.choice([6, 20, 60, 120]) * (1 + 0.3 * np.sin(3 * turns + rng.uniform(0, 6)))
    points = rng.uniform(0, SIDE, 2) + np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None]
    canvas = cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [points.astype(np.int32)], 1)
    contours, _ = cv2.findContours(canvas, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)[:, 0] if contours else np.array([[0, 0], [9, 0], [9, 9]])


def annotation(number: int, image: int, rng: np.random.Generator) -> dict[str, Any]:
    outline = blob(rng)
    low, high = outline.min(0), outline.max(0)
    return {
        "id": number, "image_id": image, "category_id": int(rng.integers(1, 11)),
        "segmentation": [outline.ravel().tolist()], "area": float(cv2.contourArea(outline)),
        "bbox": [*low.tolist(), *(high - low).tolist()], "iscrowd": 0,
    }  # fmt: skip


def generate(root: Path, num_photographs: int, num_annotations: int) -> None:
    """Write train.json, val.json and their photographs."""
    rng = np.random.default_rng(0)
    num_val = round(VAL_SHARE * num_photographs)
    owners = np.sort(rng.integers(0, num_photographs, num_annotations))
    for part, numbers in (("val", range(num_val)), ("train", range(num_val, num_photographs))):
        (root / part).mkdir(parents=True)
        tree: dict[str, Any] = {"images": [], "annotations": []}
        tree["categories"] = [{"id": k, "name": name} for k, name in enumerate(MATERIALS, start=1)]
        for i, number in enumerate(numbers):
            name = f"{part}/{number:04d}.jpg"
            cv2.imwrite(str(root / name), photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])
            tree["images"].append({"id": i, "file_name": name, "height": SIDE, "width": SIDE})
            for _ in range(int((owners == number).sum())):
                tree["annotations"].append(annotation(len(tree["annotations"]), i, rng))
        (root / f"{part}.json").write_text(json.dumps(tree))


def command(verb: str, root: Path, folder: Path, cache: str) -> tuple[float, float, float]:
    """Run ``trashseg VERB``; return its seconds, its processor seconds and its peak memory in MB."""
    words = [f"data.root={root}", "data.test=null", f"hydra.run.dir={folder / (verb + cache)}"]
    environment = {**os.environ, "TRASHSEG_CACHE": str(folder / cache)}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", f"trashseg.{verb}", *words], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"trashseg {verb} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def notebook(root: Path, count: int) -> tuple[float, float]:
    """Return the seconds and processor seconds that the usual loop takes for ``count`` photographs."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(root / "train.json"))
    start, start_cpu = time.perf_counter(), time.process_time()
    for image in list(coco.imgs)[:count]:
        pixels = np.asarray(Image.open(root / coco.imgs[image]["file_name"])) / 255
        pixels.mean((0, 1)), pixels.std((0, 1))
        mask, runs = np.zeros((SIDE, SIDE), np.uint8), []
        for entry in coco.loadAnns(coco.getAnnIds(imgIds=image)):
            mask[coco.annToMask(entry) == 1] = entry["category_id"]
            runs.append(coco.annToRLE(entry))
        np.bincount(mask.ravel(), minlength=11)
        coco_mask.iou(runs, runs, [0] * len(runs))
    return time.perf_counter() - start, time.process_time() - start_cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=3272)
    parser.add_argument("--annotations", type=int, default=26_240)
    parser.add_argument("--sample", type=int, default=150, help="photographs that the notebook's loop is timed on")
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools' decoder and numpy 2
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "data"
        generate(root, options.photographs, options.annotations)
        sample = min(options.sample, options.photographs // 2)
        factor = options.photographs / sample
        usual = [factor * seconds for seconds in notebook(root, sample)]
        rows = [
            ("split: check, paint, find scenes, fold", *command("split", root, folder, "one")),
            ("inspect after it", *command("inspect", root, folder, "one")),
            ("inspect alone: check, paint, find scenes", *command("inspect", root, folder, "other")),
        ]
        size = (folder / "inspectother" / "inspect.html").stat().st_size / 1e6
    print(f"{options.photographs:,} photographs, {options.annotations:,} objects; the page has {size:.1f} MB")
    print(f"{'trashseg, importing included':<44}{'seconds':>9}{'cpu s':>9}{'peak MB':>9}{'of notebook':>13}")
    for title, wall, cpu, memory in rows:
        print(f"{title:<44}{wall:>9.1f}{cpu:>9.1f}{memory:>9.0f}{cpu / usual[1]:>12.2f}x")
    print(f"{f'notebook loop, masks and moments only (x {factor:.0f})':<44}{usual[0]:>9.1f}{usual[1]:>9.1f}")


if __name__ == "__main__":
    main()
