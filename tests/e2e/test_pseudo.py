"""Labels made by an ensemble of cross-validated recipes, and a training on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trashseg.data.index import open_index
from trashseg.data.pseudo import UNSURE
from trashseg.data.raster import rasterise
from trashseg.store import open_store
from trashseg.types import IGNORE_INDEX

Verb = Callable[..., None]
OPTIONS = ["trainer=cpu", "data.num_workers=0"]
PLAIN = ["trainer.max_epochs=1", "callbacks=plain", "~callbacks.pictures"]


@pytest.fixture(scope="module")
def voted(
    verb: Verb,
    tiny: list[str],
    root: Path,
    in_child: Callable[..., tuple[int, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """An ensemble of one cross-validation of two folds."""
    folder = tmp_path_factory.mktemp("pseudo")
    verb("split", f"data.root={root}", "k=2", "grouping=none", f"hydra.run.dir={folder / 'split'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trashseg.crossval.children.run_process", lambda command, *_: in_child(*command[3:])[0])
        verb("cv", *tiny, *PLAIN, f"data.folds={folder / 'split'}", f"hydra.run.dir={folder / 'cv'}")
    verb("ensemble", f"members={{one: {folder / 'cv'}}}", *OPTIONS, f"hydra.run.dir={folder / 'ensemble'}")
    return folder


def test_a_fold_is_labelled_by_the_network_that_did_not_see_it(
    verb: Verb, voted: Path, root: Path, tmp_path: Path
) -> None:
    verb("pseudo", f"ensemble={voted / 'ensemble'}", "threshold=0.1", "min_area=0", f"hydra.run.dir={tmp_path}")
    test = [image["file_name"] for image in json.loads((root / "test.json").read_text())["images"]]
    for fold in (0, 1):
        index = open_index(tmp_path / f"fold_{fold}.json", tmp_path / "cache")
        store = open_store(voted / "ensemble" / "members" / "one" / f"fold_{fold}" / "test")
        assert index.file_names == test
        class_of = {
            category: IGNORE_INDEX if name == UNSURE else store.classes.index(name)
            for category, name in index.categories.items()
        }
        for i, name in enumerate(test):
            confidence, ids = store.probs(name).max(0)
            expected = torch.where(confidence >= 0.1, ids, IGNORE_INDEX).numpy()
            np.testing.assert_array_equal(rasterise(index, i, class_of, "area_desc"), expected)
    assert (tmp_path / "all.json").is_file()


def test_shares_decide_and_the_labels_train(
    verb: Verb, voted: Path, tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels"
    verb("pseudo", f"ensemble={voted / 'ensemble'}", "least=0", f"hydra.run.dir={labels}")
    out = capsys.readouterr().out
    assert f"data.folds={voted / 'split'} data.pseudo={labels}" in out
    options = [f"data.folds={voted / 'split'}", "data.fold=0", f"data.pseudo={labels}", "data.pseudo_ratio=2"]
    verb("train", *tiny, *PLAIN, *options, f"hydra.run.dir={tmp_path / 'run'}")
    checkpoint = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["config"]["data"]["pseudo"] == str(labels)


def test_a_round_trains_votes_and_labels_again(
    verb: Verb,
    voted: Path,
    in_child: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def child(command: list[str], *_: object) -> int:
        name = command[2].removeprefix("trashseg.")
        if name == "train":
            return in_child(*command[3:])[0]
        verb(name, *command[3:])
        return 0

    monkeypatch.setattr("trashseg.crossval.children.run_process", child)
    options = ["threshold=0.1", "rounds=1", "pseudo_ratio=0.5"]
    verb("pseudo", f"ensemble={voted / 'ensemble'}", *options, f"hydra.run.dir={tmp_path}")
    folder = tmp_path / "round_1"
    assert (folder / "labels" / "fold_1.json").is_file()
    assert (folder / "ensemble" / "submission.csv").is_file()
    checkpoint = torch.load(folder / "one" / "fold_1" / "checkpoints" / "last.ckpt", weights_only=True)
    data = checkpoint["config"]["data"]
    assert (data["pseudo"], data["pseudo_ratio"], data["fold"]) == (str(tmp_path), 0.5, 1)
    assert "round 1" in capsys.readouterr().out


def test_rounds_need_recipes(verb: Verb, voted: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    del verb
    message = refused("pseudo", "ensemble=nowhere", f"hydra.run.dir={tmp_path}")
    assert "of a finished `trashseg ensemble`" in message
    message = refused("pseudo", f"ensemble={voted / 'ensemble'}", "threshold=2", f"hydra.run.dir={tmp_path}")
    assert "threshold=2" in message
