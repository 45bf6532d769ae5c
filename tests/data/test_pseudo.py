"""Pseudo labels beside annotations: one file of both, masks, visits, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from trashseg.data import source
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.pseudo import UNSURE
from trashseg.types import IGNORE_INDEX, ConfigError, DataError, Split

CLASSES = {name: {"id": k, "color": [k, k, k]} for k, name in enumerate(("Background", "Paper", "Metal"))}
SQUARE = [[4, 4, 20, 4, 20, 20, 4, 20]]


def tree(names: list[str], categories: list[str], shapes: list[tuple[str, list[list[int]]]]) -> dict[str, Any]:
    numbers = {name: 7 + k for k, name in enumerate(categories)}
    return {
        "images": [{"id": 5 + i, "file_name": name, "height": 32, "width": 32} for i, name in enumerate(names)],
        "categories": [{"id": number, "name": name} for name, number in numbers.items()],
        "annotations": [
            {"id": 50 * (5 + i) + j, "image_id": 5 + i, "category_id": numbers[name], "segmentation": polygon,
             "area": 256 - j, "bbox": [0, 0, 1, 1], "iscrowd": 0}
            for i in range(len(names)) for j, (name, polygon) in enumerate(shapes)
        ],
    }  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(8):
        cv2.imwrite(str(tmp_path / f"{number}.png"), rng.integers(0, 255, (32, 32, 3), np.uint8))
    names = [f"{number}.png" for number in range(8)]
    (tmp_path / "train.json").write_text(json.dumps(tree(names[:4], ["Metal", "Paper"], [("Paper", SQUARE)])))
    (tmp_path / "val.json").write_text(json.dumps(tree(names[4:6], ["Metal", "Paper"], [("Paper", SQUARE)])))
    unsure = [[20, 20, 30, 20, 30, 30, 20, 30]]
    made = tree(names[6:], ["Paper", "Metal", UNSURE], [("Metal", SQUARE), (UNSURE, unsure)])
    for image, weight in zip(made["images"], (1.0, 0.5), strict=True):
        image["weight"] = weight
    (tmp_path / "pseudo").mkdir()
    (tmp_path / "pseudo" / "all.json").write_text(json.dumps(made))
    return tmp_path


def module(root: Path, **options: Any) -> TrashDataModule:
    fixed: dict[str, Any] = {"image_size": 32, "batch_size": 2, "num_workers": 0, "cache_dir": str(root / "cache")}
    return TrashDataModule(root=str(root), classes=CLASSES, **(fixed | options))


def test_both_kinds_train_and_validation_is_untouched(root: Path) -> None:
    data = module(root, pseudo=str(root / "pseudo"))
    data.prepare_data()
    train, val = data.dataset(Split.TRAIN), data.dataset(Split.VAL)
    assert train.names == ["0.png", "1.png", "2.png", "3.png", "6.png", "7.png"]
    assert val.names == ["4.png", "5.png"]
    annotated, made = train.split.mask(0), train.split.mask(4)
    assert annotated[10, 10] == 1
    assert made[10, 10] == 2
    assert made[25, 25] == IGNORE_INDEX
    assert made[2, 2] == 0
    assert data.classes.names == ("Background", "Paper", "Metal")


def test_visits_follow_ratio_and_weight(root: Path) -> None:
    data = module(root, pseudo=str(root / "pseudo" / "all.json"), pseudo_ratio=2.0, batch_size=1)
    data.prepare_data()
    data.setup("fit")
    visits = [name for batch in data.train_dataloader() for name in batch["name"]]
    assert {name: visits.count(name) for name in set(visits)} == {
        "0.png": 1, "1.png": 1, "2.png": 1, "3.png": 1, "6.png": 2, "7.png": 1,
    }  # fmt: skip


@pytest.mark.parametrize("step", ["merged_file", "read_weights"])
def test_the_file_is_read_once_whoever_asks(root: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    calls, real = [], getattr(source, step)
    monkeypatch.setattr(source, step, lambda *arguments: (calls.append(arguments), real(*arguments))[1])
    (root / "ignore.csv").write_text("file_name,annotation_id\n0.png,250\n")
    data = module(root, pseudo=str(root / "pseudo"), ignore_regions=str(root / "ignore.csv"))
    data.prepare_data()
    data.setup("fit")
    data.train_dataloader()
    assert len(calls) == 1


def test_refusals(root: Path) -> None:
    with pytest.raises(DataError, match="trashseg pseudo"):
        module(root, pseudo=str(root / "nowhere")).prepare_data()
    with pytest.raises(ConfigError, match="validation part of its own"):
        module(root, pseudo=str(root / "pseudo"), val=None)
    bad = module(root, pseudo=str(root / "pseudo"), pseudo_ratio=-1)
    bad.prepare_data()
    with pytest.raises(ConfigError, match="pseudo_ratio=-1"):
        bad.setup("fit")
    with pytest.raises(DataError, match="pseudo labels of 4 annotated photographs, such as 0"):
        module(root, pseudo=str(root / "train.json")).prepare_data()
    (root / "broken.json").write_text("[]")
    with pytest.raises(DataError, match="no COCO file"):
        module(root, pseudo=str(root / "broken.json")).prepare_data()
