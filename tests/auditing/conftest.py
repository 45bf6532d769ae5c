"""A data set with errors planted into its labels, and predictions of a network that was not fooled by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from trashseg.auditing import Labels, open_labels
from trashseg.store import StoreWriter

NAMES = ("Paper", "Metal", "Glass", "Plastic", "Plastic bag")
CLASSES = {"Background": {"id": 0, "ko": "배경", "color": [0, 0, 0]}} | {
    name: {
        "id": k,
        "ko": ("종이", "금속", "유리", "플라스틱", "플라스틱백")[k - 1],
        "color": [40 * k, 250 - 40 * k, 90],
    }
    for k, name in enumerate(NAMES, start=1)
}
SIDE, CELL = 96, 32

Entry = dict[str, Any]


@dataclass
class Planted:
    """A folder with all.json, photographs and a store; ids of annotations made wrong, and the deleted ones."""

    root: Path
    changed: dict[int, int] = field(default_factory=dict)  # annotation id -> its true class
    deleted: list[Entry] = field(default_factory=list)
    tree: Entry = field(default_factory=dict)

    def data(self, **options: Any) -> Entry:
        return {
            "_target_": "trashseg.data.datamodule.TrashDataModule",
            "classes": CLASSES,
            "root": str(self.root),
        } | options

    def open(self) -> Labels:
        return open_labels(self.data(), self.root / "split", self.root / "store")

    def name(self, image: int) -> str:
        return str(self.tree["images"][image]["file_name"])


def polygon(rng: np.random.Generator, cell: int) -> list[int]:
    """Return a round outline inside one of nine cells."""
    centre = np.array([cell % 3, cell // 3]) * CELL + CELL // 2 + rng.integers(-2, 3, 2)
    radius = rng.uniform(6, 12, 12)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points = centre + np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None]
    return [int(value) for value in points.round().ravel()]


def scene(rng: np.random.Generator, image: int, first: int) -> list[Entry]:
    cells = rng.permutation(9)[: rng.integers(2, 7)].tolist()
    entries = []
    for number, cell in enumerate(cells, start=first):
        outline = polygon(rng, cell)
        x, y = outline[0::2], outline[1::2]
        entries.append(
            {
                "id": number,
                "image_id": image,
                "category_id": int(rng.choice(5, p=[0.3, 0.1, 0.15, 0.2, 0.25])) + 1,
                "segmentation": [outline],
                "area": 300.0,
                "bbox": [min(x), min(y), max(x) - min(x), max(y) - min(y)],
                "iscrowd": 0,
                "note": "kept",
            }
        )
    return entries


def truth(entries: list[Entry]) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for entry in entries:
        points = np.array(entry["segmentation"][0]).reshape(-1, 2)
        cv2.fillPoly(mask, [points.astype(np.int32)], int(entry["category_id"]))
    return mask


def fake_probs(rng: np.random.Generator, mask: np.ndarray) -> torch.Tensor:
    """Return what a fair network gives: the truth, blurred, each class with its own certainty, and smooth noise."""
    num = len(CLASSES)
    certainty = np.array([4.0, 3.0, 2.0, 2.5, 3.5, 3.0], np.float32)
    hot = np.eye(num, dtype=np.float32)[mask]
    logits = cv2.GaussianBlur(hot, (0, 0), 1.5) * certainty
    coarse = rng.normal(0, 1.0, (6, 6, num)).astype(np.float32)
    logits = logits + cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return torch.from_numpy(logits).permute(2, 0, 1).softmax(0)


def plant(root: Path, count: int, share: float, seed: int) -> Planted:
    """Write ``count`` photographs; change the class of ``share`` of the objects and delete as many others."""
    rng = np.random.default_rng(seed)
    planted = Planted(root)
    entries: list[Entry] = []
    images = []
    (root / "batch_01").mkdir(parents=True)
    with StoreWriter(root / "store", tuple(CLASSES), "probs", {}) as store:
        for image in range(count):
            name = f"batch_01/{image:04d}.jpg"
            own = scene(rng, image, 7 + len(entries))
            mask = truth(own)
            colors = np.array([entry["color"] for entry in CLASSES.values()], np.uint8)
            pixels = np.where(mask[..., None] > 0, colors[mask], 128) + rng.integers(0, 20, (SIDE, SIDE, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / name)
            store.add(name, fake_probs(rng, mask))
            images.append({"id": image, "file_name": name, "height": SIDE, "width": SIDE, "license": 3})
            entries += own
    wrong = rng.permutation(len(entries))[: 2 * round(share * len(entries))].tolist()
    for place in wrong[::2]:
        entry = entries[place]
        planted.changed[entry["id"]] = entry["category_id"]
        entry["category_id"] = int(rng.choice([k for k in range(1, 6) if k != entry["category_id"]]))
    planted.deleted = [entries[place] for place in wrong[1::2]]
    gone = {entry["id"] for entry in planted.deleted}
    planted.tree = {
        "info": {"from": "test"},
        "images": images,
        "categories": [{"id": k, "name": name} for k, name in enumerate(NAMES, start=1)],
        "annotations": [entry for entry in entries if entry["id"] not in gone],
    }
    (root / "split").mkdir()
    (root / "split" / "all.json").write_text(json.dumps(planted.tree), encoding="utf-8")
    return planted


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("planted") / "root", 60, 0.05, 0)


@pytest.fixture
def make_planted(tmp_path: Path) -> Callable[..., Planted]:
    return lambda count=6, share=0.1, seed=1: plant(tmp_path / "planted", count, share, seed)
