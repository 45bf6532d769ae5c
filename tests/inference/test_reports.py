"""What an evaluation says and leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from trashseg.data.datamodule import TrashDataModule
from trashseg.inference.reports import metrics, summary_text, table_text, write_reports
from trashseg.inference.scoring import Scorer, Scores
from trashseg.inference.summary import Summary, group_labels, summarise
from trashseg.scores import Bootstrap, miou_interval
from trashseg.types import ClassInfo, ClassTable, Split

TABLE = ClassTable(
    tuple(ClassInfo(name, name, (40 * i,) * 3) for i, name in enumerate(("Background", "Paper", "Metal")))
)
GROUPS = np.arange(14) // 2


def scored(num_worst: int = 0) -> Scores:
    """Score fourteen photographs: paper mostly found, metal shown by three of them."""
    scorer = Scorer(len(TABLE), num_worst=num_worst)
    for i in range(14):
        rng = torch.Generator().manual_seed(i)
        target = torch.zeros(64, 64, dtype=torch.uint8)
        target[10:40, 5 : 20 + i] = 1
        if i in (0, 1, 5):
            target[50:56, 30:36] = 2
        seen = torch.roll(target, (i % 3, 1), (0, 1))
        logits = 3 * torch.nn.functional.one_hot(seen.long(), 3).permute(2, 0, 1).float()
        probs = (logits + 0.8 * torch.randn(logits.shape, generator=rng)).softmax(0)
        scorer.add(f"batch_01/{i:04d}.jpg", probs, target, i)
    return scorer.result()


@pytest.fixture(scope="module")
def scores() -> Scores:
    return scored(num_worst=2)


@pytest.fixture(scope="module")
def summary(scores: Scores) -> Summary:
    return summarise(scores, Bootstrap(GROUPS, num_draws=200), 819)


def test_figures_agree_with_each_other(scores: Scores, summary: Summary) -> None:
    content = metrics(scores, summary, TABLE)
    json.dumps(content, allow_nan=False)
    assert content["miou"] == pytest.approx(content["miou_interval"]["value"])
    assert content["miou_interval"]["low"] < content["miou"] < content["miou_interval"]["high"]
    assert content["num_groups"] == 7
    ious = [entry["iou"] for entry in content["classes"].values()]
    assert content["miou"] == pytest.approx(np.mean(ious))
    boundary = [entry["boundary_iou"] for entry in content["classes"].values()]
    assert content["boundary_iou"]["value"] == pytest.approx(np.mean(boundary))
    assert content["leaderboard"]["num_photographs"] == 819
    assert content["leaderboard"]["low"] < content["leaderboard"]["value"] < content["leaderboard"]["high"]
    bins = content["calibration"]["bins"]
    gaps = sum(abs(entry["confidence"] - entry["right"]) for entry in bins)
    assert content["calibration"]["ece"] == pytest.approx(gaps / sum(entry["pixels"] for entry in bins))
    per_image = list(content["per_image_miou"].values())
    assert content["per_image_quantiles"]["0.5"] == pytest.approx(np.median(per_image))


def test_a_class_in_few_groups_has_no_interval(scores: Scores, summary: Summary) -> None:
    paper, metal = (metrics(scores, summary, TABLE)["classes"][name] for name in ("Paper", "Metal"))
    assert paper["groups"] == 7
    assert paper["iou_low"] < paper["iou"] < paper["iou_high"]
    assert metal["groups"] == 2
    assert metal["iou"] > 0
    assert metal["iou_low"] is metal["iou_high"] is None


def test_objects_are_counted_by_size(scores: Scores, summary: Summary) -> None:
    objects = metrics(scores, summary, TABLE)["objects"]
    # Six pixels of 64 are 48 of 512: medium; the paper is larger than 96.
    assert {size: entry["count"] for size, entry in objects.items()} == {"small": 0, "medium": 3, "large": 14}
    assert objects["large"]["value"] == 1
    assert objects["small"]["value"] is None
    assert "small - of 0   medium 1.000 of 3" in summary_text(scores, summary, TABLE)


def test_text(scores: Scores, summary: Summary) -> None:
    lines = dict(line.split(maxsplit=1) for line in summary_text(scores, summary, TABLE).splitlines())
    assert lines["mIoU"] == f"{miou_interval(Bootstrap(GROUPS, num_draws=200), np.array(scores.matrices))}, " \
                            "90 % interval, 14 photographs in 7 groups"  # fmt: skip
    assert "819 photographs" in lines["leaderboard"]
    assert lines["rare"].endswith("Metal 2")
    ungrouped = summarise(scores, Bootstrap(num_draws=100), 819)
    assert "taken as unrelated" in summary_text(scores, ungrouped, TABLE)
    table = table_text(scores, TABLE).splitlines()
    assert [line.split()[0] for line in table] == ["class", "Background", "Paper", "Metal", "mIoU"]


def test_a_class_that_never_occurs() -> None:
    scorer = Scorer(3)
    probs = torch.tensor([0.9, 0.1, 0.0])[:, None, None].expand(3, 32, 32)
    for name in "ab":
        scorer.add(name, probs, torch.zeros(32, 32, dtype=torch.uint8))
    scores = scorer.result()
    summary = summarise(scores, Bootstrap(num_draws=100), 10)
    content = metrics(scores, summary, TABLE)
    json.dumps(content, allow_nan=False)
    assert content["classes"]["Metal"] == {
        **dict.fromkeys(("iou", "accuracy", "precision", "boundary_iou", "calibration_error", "iou_low", "iou_high")),
        "pixels": 0,
        "groups": 0,
    }
    assert content["miou_interval"] == {"value": 1.0, "low": None, "high": None, "level": 0.9}
    assert "too few photographs" in summary_text(scores, summary, TABLE)


def test_files(make_coco: Callable[..., Path], tmp_path: Path) -> None:
    root = make_coco({"train": 2, "val": 14}, size=(64, 64), categories=["Paper", "Metal"])
    data = TrashDataModule(root=str(root), test=None, num_workers=0, cache_dir=str(tmp_path / "cache"))
    scores = scored(num_worst=2)
    summary = summarise(scores, Bootstrap(GROUPS, num_draws=100), 819)
    paths = write_reports(scores, summary, TABLE, data.dataset(Split.VAL), tmp_path / "out", {"split": "val"})
    assert [path.name for path in paths] == ["metrics.json", "confusion.png", "reliability.png", "worst.png"]
    assert json.loads(paths[0].read_text())["split"] == "val"
    for path in paths[1:]:
        assert cv2.imread(str(path)).std() > 5
    without = write_reports(scored(), summary, TABLE, data.dataset(Split.VAL), tmp_path / "other", {})
    assert [path.name for path in without] == ["metrics.json", "confusion.png", "reliability.png"]


def test_groups_are_those_of_the_json(make_coco: Callable[..., Path], tmp_path: Path) -> None:
    root = make_coco({"train": 2, "val": 6}, categories=["Paper", "Metal"])
    tree = json.loads((root / "val.json").read_text())
    for image, group in zip(tree["images"], ["b", "", "a", "b", None, "a"], strict=True):
        if group is not None:
            image["group"] = group
    (root / "val.json").write_text(json.dumps(tree))
    data = TrashDataModule(root=str(root), test=None, num_workers=0, cache_dir=str(tmp_path / "cache"))
    labels = group_labels(data.dataset(Split.VAL), [3, 0, 1, 2, 4, 5])
    np.testing.assert_array_equal(labels, [0, 0, 1, 2, 3, 2])
