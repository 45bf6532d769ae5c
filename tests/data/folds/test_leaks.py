"""Leaks: found on both sides by name, bytes and group; refused with what to type."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trashseg.data.datamodule import TrashDataModule
from trashseg.data.folds.leaks import Leak, Part, find_copies, find_leaks, refuse_leaks
from trashseg.types import DataError, Split

Edit = Callable[[str, Callable[[dict[str, Any]], Any]], None]


def module(root: Path, **options: Any) -> TrashDataModule:
    return TrashDataModule(root=str(root), image_size=32, batch_size=2, num_workers=0, **options)


def part(folder: Path, groups: dict[str, str]) -> Part:
    for name in groups:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(name.encode())
    return Part(list(groups), [folder / name for name in groups], list(groups.values()))


def test_every_kind_of_leak_is_found_once(tmp_path: Path) -> None:
    train = part(tmp_path, {"a/0.jpg": "scene", "a/1.jpg": "", "a/2.jpg": ""})
    shutil.copy(tmp_path / "a/1.jpg", tmp_path / "copy.jpg")
    val = part(tmp_path, {"b/0.jpg": "scene", "b/1.jpg": "", "copy.jpg": "", "a/../a/2.jpg": ""})
    assert sorted(find_leaks(train, val)) == [
        Leak("a/0.jpg", "b/0.jpg", "one group"),
        Leak("a/1.jpg", "copy.jpg", "the same bytes"),
        Leak("a/2.jpg", "a/../a/2.jpg", "the same photograph"),
    ]
    assert find_leaks(train, part(tmp_path, {"b/1.jpg": "", "b/2.jpg": "other"})) == []


def test_only_files_of_one_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, val = part(tmp_path, {"a": "", "bbb": ""}), part(tmp_path, {"cc": "", "ddd": ""})
    read, plain = [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or plain(path))
    assert find_leaks(train, val) == []
    assert sorted(read) == ["bbb", "ddd"]


def test_refusal_shows_five_and_the_way_out(caplog: pytest.LogCaptureFixture) -> None:
    leaks = [Leak(f"t{i}.jpg", f"v{i}.jpg", "one group") for i in range(7)]
    with pytest.raises(DataError) as caught:
        refuse_leaks(leaks, allow=False)
    text = str(caught.value)
    assert "7 validation photographs" in text
    assert "v4.jpg validates, t4.jpg trains: one group" in text
    assert "v5.jpg" not in text
    for word in ("and 2 more", "trashseg split", "data.allow_leak=true"):
        assert word in text
    with caplog.at_level(logging.WARNING):
        refuse_leaks(leaks, allow=True)
        refuse_leaks([], allow=False)
    (record,) = caplog.records
    assert "7 validation photographs" in record.getMessage()


def test_training_on_a_leak_is_refused_and_can_be_allowed(
    root: Path, edit: Edit, caplog: pytest.LogCaptureFixture
) -> None:
    module(root).prepare_data()
    edit("train.json", lambda tree: tree["images"][1].update(group="yard"))
    edit("val.json", lambda tree: tree["images"][2].update(group="yard"))
    with pytest.raises(DataError, match=r"0008\.jpg validates, batch_01_vt/0001\.jpg trains: one group"):
        module(root).prepare_data()
    allowed = module(root, allow_leak=True)
    with caplog.at_level(logging.WARNING):
        allowed.prepare_data()
        allowed.prepare_data()
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    # Scoring is no training.
    assert len(module(root).dataset(Split.VAL)) == 4


def test_a_holdout_that_cuts_a_group_is_refused(root: Path, edit: Edit) -> None:
    options = {"val": None, "holdout": 0.5}
    module(root, **options).prepare_data()
    edit("train.json", lambda tree: [image.update(group=7) for image in tree["images"]])
    with pytest.raises(DataError, match="4 validation photographs"):
        module(root, **options).prepare_data()


def test_folds_do_not_leak_and_a_plan_altered_by_hand_does(root: Path, plan_dir: Path) -> None:
    for fold in range(3):
        module(root, fold=fold, folds=str(plan_dir)).prepare_data()
    path = plan_dir / "folds.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["folds"][1].append(plan["folds"][0].pop())
    moved = plan["folds"][1][-1]
    plan["folds"][1].append(plan["folds"][0].pop())
    plan["folds"][0].append(moved)
    path.write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(DataError, match="trains: one group"):
        module(root, fold=0, folds=str(plan_dir)).prepare_data()


def write_textured(path: Path, seed: int, quality: int = 95) -> None:
    """Write a picture of blots that differs with the seed, 160 pixels wide."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 30, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize((160, 128), Image.Resampling.BICUBIC).save(path, quality=quality)


def test_an_altered_copy_is_found_and_the_answer_remembered(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(8):
        write_textured(tmp_path / f"{i}.jpg", seed=i)
    write_textured(tmp_path / "copy.jpg", seed=2, quality=60)
    train = part(tmp_path, {f"{i}.jpg": "" for i in range(5)})
    val = part(tmp_path, {"5.jpg": "", "copy.jpg": "", "7.jpg": ""})
    assert find_leaks(train, val) == []
    (leak,) = found = find_copies(train, val, cache)
    assert (leak.train, leak.val) == ("2.jpg", "copy.jpg")

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("searched again")

    with monkeypatch.context() as patch:
        patch.setattr("trashseg.data.folds.leaks.find_groups", forbidden)
        assert find_copies(train, val, cache) == found
        # Another fold of the same photographs needs no further search.
        others = (
            part(tmp_path, {"2.jpg": "", "copy.jpg": ""}),
            part(tmp_path, {f"{i}.jpg": "" for i in (0, 1, 3, 4, 5, 7)}),
        )
        assert find_copies(*others, cache) == []
        ((old, new, _),) = find_copies(val, train, cache)
        assert (old, new) == ("copy.jpg", "2.jpg")
        write_textured(tmp_path / "copy.jpg", seed=9)
        with pytest.raises(AssertionError, match="searched again"):
            find_copies(train, val, cache)
    assert find_copies(train, val, cache) == []
