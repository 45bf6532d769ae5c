"""What every test shares: no network, one thread, a cache of its own, and a small data set."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image

# torch and the hub's client read these when they are imported, which nothing above does.
os.environ.update(HF_HUB_OFFLINE="1", NO_ALBUMENTATIONS_UPDATE="1", OMP_NUM_THREADS="1", MPLBACKEND="Agg")
for _name in ("TRASHSEG_DATA", "TRASHSEG_SYNTHETIC", "TRASHSEG_CACHE"):
    os.environ.pop(_name, None)

CONF = Path(__file__).parents[1] / "conf"
MATERIALS = ("General trash", "Paper", "Paper pack", "Metal", "Glass", "Plastic", "Styrofoam", "Plastic bag", "Battery",
             "Clothing")  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASHSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _logging_of_its_own() -> Iterator[None]:
    """Undo what a verb sets up for its process: handlers of a stream that pytest has closed, and quiet loggers."""
    root, ours = logging.getLogger(), logging.getLogger("trashseg")
    level = ours.level
    yield
    ours.setLevel(level)
    for handler in root.handlers[:]:
        if not type(handler).__module__.startswith("_pytest"):
            root.removeHandler(handler)
            handler.close()


@pytest.fixture(scope="session")
def real_root() -> Callable[[str], Path]:
    """Return the folder of a real data set, or skip the test where it is not at hand."""
    base = Path(os.environ.get("TRASHSEG_TEST_DATA") or Path(__file__).parents[1] / "../shared/data")

    def find(name: str) -> Path:
        if not (base / name).is_dir():
            pytest.skip(f"no real photographs: {name} is not in TRASHSEG_TEST_DATA")
        return base / name

    return find


@pytest.fixture(scope="session")
def composed() -> Callable[..., DictConfig]:
    """Compose a verb's config with overrides, as the command line does."""

    def make(verb: str, *overrides: str) -> DictConfig:
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF.resolve())):
            return compose(config_name=verb, overrides=list(overrides))

    return make


def write_coco(
    root: Path,
    counts: dict[str, int],
    *,
    size: tuple[int, int] = (48, 64),
    categories: Sequence[str] = MATERIALS,
    prefix: str = "batch_01_vt",
) -> Path:
    """Write a data set in the competition's layout: smooth random photographs, each with three boxes as polygons."""
    rng = np.random.default_rng(len(categories) + sum(counts.values()))
    (root / prefix).mkdir(parents=True)
    number = 0
    for part, count in counts.items():
        tree: dict[str, Any] = {
            "categories": [{"id": i, "name": name} for i, name in enumerate(categories, start=1)],
            "images": [],
            "annotations": [],
        }
        for i in range(count):
            name = f"{prefix}/{number:04d}.jpg"
            coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
            coarse.resize(size[::-1], Image.Resampling.BICUBIC).save(root / name, quality=95)
            tree["images"].append({"id": i, "file_name": name, "height": size[0], "width": size[1]})
            if part != "test":
                tree["annotations"] += _boxes(rng, i, 3 * number, size, len(categories))
            number += 1
        (root / f"{part}.json").write_text(json.dumps(tree), encoding="utf-8")
    return root


def _boxes(rng: np.random.Generator, image: int, first: int, size: tuple[int, int], num: int) -> list[dict[str, Any]]:
    boxes = []
    for j in range(3):
        top, left = (int(rng.integers(0, side // 2)) for side in size)
        height, width = (int(rng.integers(side // 4, side // 2)) for side in size)
        x, y = [left, left + width], [top, top + height]
        boxes.append(
            {
                "id": first + j,
                "image_id": image,
                "category_id": (first + j) % num + 1,
                "segmentation": [[x[0], y[0], x[1], y[0], x[1], y[1], x[0], y[1]]],
                "area": float(width * height),
                "bbox": [left, top, width, height],
                "iscrowd": 0,
            }
        )
    return boxes


@pytest.fixture(scope="session")
def tiny_coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six labelled photographs of all ten materials, four of them to train on, and two without labels."""
    return write_coco(tmp_path_factory.mktemp("tiny") / "root", {"train": 4, "val": 2, "test": 2})


@pytest.fixture
def make_coco(tmp_path: Path) -> Callable[..., Path]:
    """Write further small data sets: ``make_coco({"train": 4}, size=(30, 50))``."""
    return lambda counts, name="data", **options: write_coco(tmp_path / name, counts, **options)
