"""From a data set to folds, to a training on one of them, to a score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Verb = Callable[..., None]
Refused = Callable[..., str]
SPLIT = ["k=3", "grouping=none"]


@pytest.fixture(scope="module")
def folds(verb: Verb, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("split") / "split"
    verb("split", f"data.root={root}", *SPLIT, f"hydra.run.dir={folder}")
    return folder


@pytest.fixture(scope="module")
def run(verb: Verb, tiny: list[str], folds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fold") / "run"
    verb("train", *tiny, f"data.folds={folds}", "data.fold=1", "debug=fast", f"hydra.run.dir={folder}")
    return folder


def test_split_leaves_folds_a_plan_and_a_report(folds: Path) -> None:
    plan = json.loads((folds / "folds.json").read_text(encoding="utf-8"))
    assert sorted(map(len, plan["folds"])) == [3, 4, 4]
    assert plan["recipe"]["method"]["k"] == 3
    for name in ("report.txt", "report.json", "report.png", "all.json", "fold_0/train.json", "fold_2/val.json"):
        assert (folds / name).stat().st_size > 100


def test_the_same_command_gives_the_same_folds(verb: Verb, root: Path, folds: Path, tmp_path: Path) -> None:
    verb("split", f"data.root={root}", *SPLIT, f"hydra.run.dir={tmp_path}")
    for path in folds.rglob("*.json"):
        if path.name in ("outcome.json", "provenance.json"):  # when it ran, and for how long
            continue
        assert (tmp_path / path.relative_to(folds)).read_bytes() == path.read_bytes()


def test_a_fold_is_trained_on_and_scored(
    verb: Verb, folds: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = json.loads((folds / "folds.json").read_text(encoding="utf-8"))
    checkpoint = f"ckpt_path={run / 'checkpoints' / 'best.ckpt'}"
    verb("evaluate", checkpoint, "trainer=cpu", "data.num_workers=0", f"hydra.run.dir={tmp_path / 'own'}")
    scores = json.loads((tmp_path / "own" / "metrics.json").read_text(encoding="utf-8"))
    assert sorted(scores["per_image_miou"]) == sorted(plan["folds"][1])
    assert f"data.folds={folds}" not in capsys.readouterr().err
    options = [checkpoint, "trainer=cpu", "data.num_workers=0", "data.fold=2"]
    verb("evaluate", *options, f"hydra.run.dir={tmp_path / 'other'}")
    scores = json.loads((tmp_path / "other" / "metrics.json").read_text(encoding="utf-8"))
    assert sorted(scores["per_image_miou"]) == sorted(plan["folds"][2])


def test_without_the_folds_a_checkpoint_still_submits(
    verb: Verb, refused: Refused, folds: Path, run: Path, tmp_path: Path
) -> None:
    away = folds.with_name("away")
    options = [f"ckpt_path={run / 'checkpoints' / 'best.ckpt'}", "trainer=cpu", "data.num_workers=0"]
    shutil.move(folds, away)
    try:
        verb("submit", *options, f"hydra.run.dir={tmp_path / 'submit'}")
        assert (tmp_path / "submit" / "submission.csv").is_file()
        line = refused("evaluate", *options, f"hydra.run.dir={tmp_path / 'lost'}")
        assert "holds no folds.json; give data.folds=" in line
        verb("evaluate", *options, f"data.folds={away}", f"hydra.run.dir={tmp_path / 'found'}")
    finally:
        shutil.move(away, folds)
    assert (tmp_path / "found" / "metrics.json").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["k=99"], ["k=99", "11 groups"]),
        (["sources=[]"], ["sources=[] names no file"]),
        (["sources=[tain.json]"], ["tain.json does not exist", "train.json"]),
        (["grouping=given"], ["grouping.path"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_a_mistake_is_one_line(
    refused: Refused, root: Path, tmp_path: Path, options: list[str], words: list[str]
) -> None:
    line = refused("split", f"data.root={root}", "grouping=none", *options, f"hydra.run.dir={tmp_path}")
    for word in words:
        assert word in line
    assert not (tmp_path / "folds.json").exists()


def test_a_finished_split_is_not_written_over(refused: Refused, root: Path, folds: Path) -> None:
    assert "holds a split already" in refused("split", f"data.root={root}", *SPLIT, f"hydra.run.dir={folds}")


@pytest.mark.parametrize(
    ("options", "num_folds"),
    [
        (["method=holdout", "sources=train.json"], 1),
        (["method=leave_batch_out", "labels=second_system"], 2),
        (["k=2", "labels=objects", "data=coco"], 2),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_ways_to_split_run(verb: Verb, root: Path, tmp_path: Path, options: list[str], num_folds: int) -> None:
    verb("split", f"data.root={root}", "grouping=none", *options, f"hydra.run.dir={tmp_path}")
    plan = json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))
    assert len(plan["folds"]) == num_folds
    assert all(plan["folds"])


def test_training_on_a_leak_is_refused_before_it_begins(refused: Refused, tiny: list[str], tmp_path: Path) -> None:
    line = refused("train", *tiny, "data.val=train.json", "debug=fast", f"hydra.run.dir={tmp_path}")
    assert "6 validation photographs" in line
    assert "data.allow_leak=true" in line
    assert not (tmp_path / "checkpoints").exists()
    line = refused("train", *tiny, "data.fold=0", f"hydra.run.dir={tmp_path}")
    assert "data.folds=FOLDER" in line
