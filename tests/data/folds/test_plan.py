"""Training on a fold: the right photographs, and one clear line where it cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.data.source import Source
from trashseg.types import ConfigError, DataError, Split

from .conftest import FOLDS


def names_of(source: Source, split: Split) -> list[str]:
    prepared = source.prepare(split)
    return [prepared.names[i] for i in source.members(split, prepared.names)]


@pytest.mark.parametrize("fold", range(3))
def test_a_source_trains_on_all_but_its_fold(root: Path, plan_dir: Path, fold: int) -> None:
    source = Source(str(root), fold=fold, folds=str(plan_dir))
    for split, part in ((Split.TRAIN, "train"), (Split.VAL, "val")):
        written = json.loads((plan_dir / f"fold_{fold}" / f"{part}.json").read_text(encoding="utf-8"))
        assert names_of(source, split) == [image["file_name"] for image in written["images"]]
    assert len(names_of(source, Split.VAL)) == FOLDS.count(fold)
    assert names_of(source, Split.TEST) == names_of(Source(str(root)), Split.TEST)


def test_masks_of_a_fold_are_those_of_the_files(root: Path, plan_dir: Path) -> None:
    folded, plain = Source(str(root), fold=1, folds=str(plan_dir)), Source(str(root))
    expected = {}
    for split in (Split.TRAIN, Split.VAL):
        prepared = plain.prepare(split)
        expected |= {name: prepared.mask(i) for i, name in enumerate(prepared.names)}
    prepared = folded.prepare(Split.TRAIN)
    assert set(prepared.names) == set(expected)
    for i, name in enumerate(prepared.names):
        np.testing.assert_array_equal(prepared.mask(i), expected[name])


def test_all_folds_share_one_set_of_masks(root: Path, plan_dir: Path, tmp_path: Path) -> None:
    for fold in range(3):
        source = Source(str(root), fold=fold, folds=str(plan_dir), cache_dir=str(tmp_path / "cache"))
        for split in (Split.TRAIN, Split.VAL):
            source.prepare(split)
    assert len(list((tmp_path / "cache" / "masks").iterdir())) == 1


@pytest.mark.parametrize(("options", "word"), [({"fold": 0}, "data.folds=FOLDER"), ({"folds": "x"}, "data.fold=0")])
def test_fold_and_folds_go_together(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        Source("root", **options)


@pytest.mark.parametrize("fold", [3, -1, 0.5, True, "one"])
def test_a_fold_that_does_not_exist_is_told(root: Path, plan_dir: Path, fold: Any) -> None:
    with pytest.raises(ConfigError, match=rf"data\.fold={fold}.*give data\.fold=0 to 2"):
        Source(str(root), fold=fold, folds=str(plan_dir)).index(Split.TRAIN)


def test_a_missing_plan_matters_only_where_labels_are_asked_for(root: Path, tmp_path: Path) -> None:
    classes = {"Background": {"id": 0, "color": [0, 0, 0]}, "Paper": {"id": 1, "color": [9, 9, 9]}}
    source = Source(str(root), fold=0, folds=str(tmp_path / "gone"), classes=classes)
    assert len(source.index(Split.TEST)) == 2
    assert len(source.table) == 2
    for split in (Split.TRAIN, Split.VAL):
        with pytest.raises(DataError, match=r"gone holds no folds\.json; give data\.folds="):
            source.index(split)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"folds": [["a"]]}', '{"folds": 3, "groups": {}, "sources": {}}'])
def test_a_damaged_plan_is_told(root: Path, plan_dir: Path, text: str) -> None:
    (plan_dir / "folds.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"folds\.json is damaged .* run trashseg split again"):
        Source(str(root), fold=0, folds=str(plan_dir)).index(Split.TRAIN)


def test_folds_of_other_labels_are_refused_and_missing_files_are_not(root: Path, plan_dir: Path) -> None:
    source = Source(str(root), fold=0, folds=str(plan_dir))
    tree = json.loads((root / "val.json").read_text(encoding="utf-8"))
    tree["annotations"].pop()
    (root / "val.json").write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(DataError, match=r"made from another val\.json than .* run `trashseg split"):
        source.index(Split.VAL)
    (root / "val.json").unlink()
    assert len(source.index(Split.VAL)) == 10


def test_other_photographs_are_refused(plan_dir: Path, make_coco: Callable[..., Path]) -> None:
    other = make_coco({"train": 6}, name="other", prefix="elsewhere")
    (other / "train.json").unlink()
    with pytest.raises(DataError, match="none of its 10 photographs is under"):
        Source(str(other), fold=0, folds=str(plan_dir)).prepare(Split.TRAIN)


def test_folds_may_move(root: Path, plan_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(plan_dir, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    assert len(names_of(Source(str(root), fold=0, folds="moved"), Split.VAL)) == 3
