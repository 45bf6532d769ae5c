"""The files of a split: COCO that others read, with nothing changed but the ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from trashseg.data.folds.write import FoldedPool, check_free, write_split
from trashseg.data.index import open_index
from trashseg.types import DataError

from .conftest import FOLDS, GROUPS


def by_name(path: Path) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Image and annotations of each photograph without their ids, as pycocotools reads them."""
    coco = COCO(path)
    result = {}
    for number, image in coco.imgs.items():
        own = [{k: v for k, v in a.items() if k not in ("id", "image_id")} for a in coco.imgToAnns[number]]
        result[image["file_name"]] = {k: v for k, v in image.items() if k not in ("id", "group")}, own
    return result


def test_each_fold_holds_every_photograph_once_and_unchanged(root: Path, plan_dir: Path, folded: FoldedPool) -> None:
    before = by_name(root / "train.json") | by_name(root / "val.json")
    names = folded.pool.names
    for fold in range(3):
        train, val = (by_name(plan_dir / f"fold_{fold}" / f"{part}.json") for part in ("train", "val"))
        assert list(val) == [name for name, own in zip(names, FOLDS, strict=True) if own == fold]
        assert not set(train) & set(val)
        assert train | val == before
    assert by_name(plan_dir / "all.json") == before
    assert sorted(path.name for path in plan_dir.glob("fold_*")) == ["fold_0", "fold_1", "fold_2"]


def test_ids_begin_at_0_and_groups_are_named_after_their_first(plan_dir: Path, folded: FoldedPool) -> None:
    names = folded.pool.names
    owner = {name: names[GROUPS.index(group)] for name, group in zip(names, GROUPS, strict=True)}
    for path in plan_dir.rglob("*.json"):
        if path.name not in ("train.json", "val.json", "all.json"):
            continue
        tree = json.loads(path.read_text(encoding="utf-8"))
        for key in ("images", "annotations"):
            assert [entry["id"] for entry in tree[key]] == list(range(len(tree[key])))
        assert {image["file_name"]: image["group"] for image in tree["images"]}.items() <= owner.items()
        assert open_index(path, plan_dir / "cache").groups == [image["group"] for image in tree["images"]]
        assert list(tree)[-2:] == ["images", "annotations"]


def test_the_plan_and_the_report_say_what_was_done(plan_dir: Path, folded: FoldedPool) -> None:
    plan = json.loads((plan_dir / "folds.json").read_text(encoding="utf-8"))
    names = folded.pool.names
    assert plan["folds"] == [[n for n, own in zip(names, FOLDS, strict=True) if own == fold] for fold in range(3)]
    assert plan["sources"] == folded.pool.digests
    assert plan["recipe"] == {"method": {"k": 3}}
    assert len(set(plan["groups"].values())) == 6
    report = json.loads((plan_dir / "report.json").read_text(encoding="utf-8"))
    assert report["photographs"] == [3, 4, 2, 1]
    assert report["parts"] == ["fold 0", "fold 1", "fold 2", "train"]
    held = {name: [sum(p.objects[k] > 0 for p, own in zip(folded.pool.photographs, FOLDS, strict=True) if own == part)
            for part in (0, 1, 2, -1)] for k, name in enumerate(folded.pool.table.names)}  # fmt: skip
    assert {name: values["photographs"] for name, values in report["classes"].items()} == held
    assert [len(group["photographs"]) for group in report["groups"]] == [2, 2, 2, 2]
    text = (plan_dir / "report.txt").read_text(encoding="utf-8")
    assert "10 photographs in 6 groups, 4 of them of several photographs" in text


def test_expected_amounts_go_by_the_size_of_the_part(folded: FoldedPool) -> None:
    spread = folded.balance
    sizes = np.array([3, 4, 2, 1])
    np.testing.assert_allclose(spread.expected(spread.objects), np.outer(sizes / 10, spread.objects.sum(0)))
    deviations = spread.deviations(spread.photographs)
    assert np.isnan(deviations[:, 0]).all(), "the background is no object"
    worst = spread.worst()
    assert worst is None or worst[1] not in spread.scarce
    assert set(spread.scarce) == {k for k in range(1, 11) if 0 < spread.holders[k] < 4}


def test_a_folder_that_holds_a_split_is_kept(plan_dir: Path, tmp_path: Path) -> None:
    check_free(tmp_path)
    with pytest.raises(DataError, match=r"holds a split already.*hydra\.run\.dir"):
        check_free(plan_dir)


def test_the_plan_comes_last(folded: FoldedPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("trashseg.data.folds.write.report_text", full)
    with pytest.raises(OSError, match="disk full"):
        write_split(tmp_path / "half", folded, {})
    assert not (tmp_path / "half" / "folds.json").exists()
