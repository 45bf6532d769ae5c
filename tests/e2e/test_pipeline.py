"""From a COCO file to a scored submission: every verb on one tiny set."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

Verb = Callable[..., None]


def test_training_leaves_checkpoints_metrics_and_pictures(trained: Path, root: Path) -> None:
    rows = read_rows(trained)
    assert [int(row["step"]) for row in rows] == list(range(9))
    assert all(0 < float(row["train/loss"]) < 10 for row in rows)
    scored = [row for row in rows if row["val/miou"]]
    assert [int(row["epoch"]) for row in scored] == [0, 1, 2]
    assert all(0 <= float(row["val/miou"]) <= 1 for row in scored)
    assert len({row["lr-AdamW/head"] for row in rows}) > 3

    for name in ("best", "last"):
        content = torch.load(trained / "checkpoints" / f"{name}.ckpt", weights_only=True)
        assert content["config"]["data"]["root"] == str(root)
        assert len(content["classes"]) == 11
    pictures = sorted((trained / "pictures").iterdir())
    assert [path.name for path in pictures] == ["epoch_001.png", "epoch_002.png", "epoch_003.png"]
    picture = cv2.imread(str(pictures[-1]))
    assert picture.shape[0] > 4 * 64
    assert picture.std() > 10
    leftovers = [path for path in trained.rglob("*") if ".tmp" in path.name]
    assert leftovers == []


@pytest.fixture(scope="session")
def evaluated(verb: Verb, trained: Path) -> dict[str, Any]:
    folder = trained.parent.parent / "evaluate" / "one"
    verb("evaluate", f"ckpt_path={best(trained)}", "trainer.accelerator=cpu", f"hydra.run.dir={folder}")
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    for name in ("confusion.png", "worst.png"):
        assert cv2.imread(str(folder / name)).std() > 1
    return content


def test_evaluate_repeats_the_score_of_the_training(evaluated: dict[str, Any], trained: Path) -> None:
    logged = [float(row["val/miou"]) for row in read_rows(trained) if row["val/miou"]]
    # Lightning logs in float32.
    assert np.float32(evaluated["miou"]) == np.float32(max(logged))


def test_evaluate_equals_numpy_on_the_masks_that_predict_writes(
    verb: Verb, evaluated: dict[str, Any], trained: Path, root: Path, tmp_path: Path
) -> None:
    source = root / "val.json"
    verb("predict", f"ckpt_path={best(trained)}", f"source={source}", f"out={tmp_path}", f"hydra.run.dir={tmp_path}")
    matrix = np.zeros((11, 11), np.int64)
    tree = json.loads(source.read_text())
    for image in tree["images"]:
        target = painted(tree, image)
        pred = read_ids(tmp_path / "masks" / image["file_name"])
        assert pred.shape == target.shape
        np.add.at(matrix, (target.ravel(), pred.ravel()), 1)
        overlay = cv2.imread(str(tmp_path / "overlays" / image["file_name"]))
        assert overlay.shape[1] >= 2 * image["width"]
    hits = np.diag(matrix)
    with np.errstate(invalid="ignore"):
        iou = hits / (matrix.sum(0) + matrix.sum(1) - hits)
    assert evaluated["confusion_matrix"] == matrix.tolist()
    assert evaluated["miou"] == pytest.approx(np.nanmean(iou), abs=1e-12)
    assert evaluated["pixel_accuracy"] == pytest.approx(hits.sum() / matrix.sum(), abs=1e-12)
    assert evaluated["num_images"] == 5
    given = [entry["iou"] for entry in evaluated["classes"].values()]
    assert given == pytest.approx([None if np.isnan(value) else value for value in iou])


def test_views_change_the_score_and_are_counted(verb: Verb, trained: Path, tmp_path: Path) -> None:
    verb("evaluate", f"ckpt_path={best(trained)}", "tta=flip", "split=train", f"hydra.run.dir={tmp_path}")
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["tta_views"] > 1
    assert content["num_images"] == 6
    assert 0 <= content["miou"] <= 1


@pytest.mark.parametrize("kind", ["photograph", "glob"])
def test_predict_takes_photographs_and_globs(verb: Verb, trained: Path, root: Path, tmp_path: Path, kind: str) -> None:
    folder = root / "batch_01"
    first = min(folder.iterdir())
    source = first if kind == "photograph" else f"{folder}/*.png"
    run = f"hydra.run.dir={tmp_path}"
    verb("predict", f"ckpt_path={best(trained)}", f"source='{source}'", "overlays=false", run)
    written = sorted(path.name for path in (tmp_path / "masks").iterdir())
    assert written == ([first.name] if kind == "photograph" else sorted(path.name for path in folder.iterdir()))
    assert not (tmp_path / "overlays").exists()


def test_a_corrupt_photograph_does_not_stop_the_others(
    refused: Callable[..., str], trained: Path, root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photographs"
    shutil.copytree(root / "batch_01", folder)
    (folder / "0001_broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photograph")
    out = tmp_path / "out"
    line = refused("predict", f"ckpt_path={best(trained)}", f"source={folder}", f"out={out}", f"hydra.run.dir={out}")
    assert "0001_broken.jpg" in line
    good = {path.stem for path in folder.glob("*.png")}
    assert {path.stem for path in (out / "masks").iterdir()} == good
    assert {path.stem for path in (out / "overlays").iterdir()} == good


def test_submit_writes_every_row_in_the_order_of_the_file(
    verb: Verb, trained: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("submit", f"ckpt_path={best(trained)}", f"hydra.run.dir={tmp_path}")
    rows = [line.split(",") for line in (tmp_path / "submission.csv").read_text().splitlines()]
    assert rows[0] == ["image_id", "PredictionString"]
    names = [image["file_name"] for image in json.loads((root / "test.json").read_text())["images"]]
    assert [row[0] for row in rows[1:]] == names
    verb("predict", f"ckpt_path={best(trained)}", f"source={root / 'test.json'}", f"hydra.run.dir={tmp_path}")
    for name, text in rows[1:]:
        mask = read_ids(tmp_path / "masks" / name)
        ys, xs = (np.arange(256) * side // 256 for side in mask.shape)
        expected = mask[ys[:, None], xs]
        assert np.array_equal(np.array(text.split(" "), np.uint8).reshape(256, 256), expected)
    assert "checked" in capsys.readouterr().out


def test_the_value_of_a_run_is_its_best_score(trained: Path, tmp_path: Path) -> None:
    from omegaconf import OmegaConf

    from trashseg.train import train

    cfg = OmegaConf.load(trained / ".hydra" / "config.yaml")
    cfg.run_dir, cfg.trainer.max_epochs = str(tmp_path / "again"), 3
    cfg.callbacks.pictures = None
    value = train(cfg)
    logged = [float(row["val/miou"]) for row in read_rows(trained) if row["val/miou"]]
    assert np.float32(value) == np.float32(max(logged))  # the same seed, so also the same run


def read_rows(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))


def best(run: Path) -> Path:
    return run / "checkpoints" / "best.ckpt"


def read_ids(path: Path) -> np.ndarray:
    """Return the pixel values of a class-id PNG, whatever palette it carries."""
    from PIL import Image

    with Image.open(path) as picture:
        assert picture.mode in ("L", "P")
        return np.array(picture)


def painted(tree: dict[str, Any], image: dict[str, Any]) -> np.ndarray:
    """Paint the axis-parallel rectangles of the tiny set, the largest first."""
    mask = np.zeros((image["height"], image["width"]), np.uint8)
    found = [entry for entry in tree["annotations"] if entry["image_id"] == image["id"]]
    for entry in sorted(found, key=lambda entry: entry["area"], reverse=True):
        x, y, width, height = entry["bbox"]
        mask[y : y + height, x : x + width] = entry["category_id"]
    return mask
