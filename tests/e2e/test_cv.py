"""Every fold trained, scored once, resumed, collected from a sweep, compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trashseg.metrics import mean_iou
from trashseg.store import open_store

Verb = Callable[..., None]
Refused = Callable[..., str]
Command = list[str]


class Children:
    """Stands for ``run_process``: trainings in forks of a prepared process; notes which folds were trained."""

    def __init__(self, in_child: Callable[..., tuple[int, str]]) -> None:
        self.in_child, self.fail = in_child, -1
        self.folds: list[int] = []

    def __call__(self, command: Command, *_: object) -> int:
        assert command[1:3] == ["-m", "trashseg.train"]
        fold = next(int(text.partition("=")[2]) for text in command if text.startswith("data.fold="))
        self.folds.append(fold)
        return 7 if fold == self.fail else self.in_child(*command[3:])[0]


@pytest.fixture
def children(in_child: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> Children:
    found = Children(in_child)
    monkeypatch.setattr("trashseg.crossval.children.run_process", found)
    return found


@pytest.fixture(scope="module")
def line(verb: Verb, root: Path, tiny: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folds = tmp_path_factory.mktemp("split") / "split"
    verb("split", f"data.root={root}", "k=2", "grouping=none", f"hydra.run.dir={folds}")
    return [*tiny, f"data.folds={folds}", "debug=fast", "callbacks=plain", "~callbacks.pictures"]


@pytest.fixture(scope="module")
def finished(
    verb: Verb, line: list[str], in_child: Callable[..., tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("cv") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trashseg.crossval.children.run_process", Children(in_child))
        verb("cv", *line, f"hydra.run.dir={folder}")
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_photograph_is_scored_by_the_network_that_did_not_see_it(
    verb: Verb, finished: Path, tmp_path: Path
) -> None:
    """The independent way: evaluate each fold's network on its validation part, and add up the matrices."""
    matrices = []
    for fold in (0, 1):
        checkpoint = f"ckpt_path={finished / f'fold_{fold}' / 'checkpoints' / 'last.ckpt'}"
        verb("evaluate", checkpoint, "trainer=cpu", "data.num_workers=0", f"hydra.run.dir={tmp_path / str(fold)}")
        matrices.append(read(tmp_path / str(fold) / "metrics.json")["confusion_matrix"])
    whole = read(finished / "metrics.json")
    assert whole["confusion_matrix"] == np.sum(matrices, axis=0).tolist()
    assert whole["miou"] == pytest.approx(float(mean_iou(torch.tensor(np.sum(matrices, axis=0)))))
    assert whole["folds"] == [pytest.approx(float(mean_iou(torch.tensor(matrix)))) for matrix in matrices]


def test_the_run_leaves_predictions_a_report_and_pictures(finished: Path) -> None:
    record = read(finished / "cv.json")
    plan = read(Path(record["folds"]) / "folds.json")
    store = open_store(finished / record["store"])
    assert sorted(store.names) == sorted(name for names in plan["folds"] for name in names)
    assert "mIoU" in (finished / "report.txt").read_text(encoding="utf-8")
    for name in ("scores.png", "confusion.png", "reliability.png"):
        assert (finished / name).stat().st_size > 1000


def test_an_interrupted_run_goes_on_at_its_fold(
    verb: Verb, line: list[str], finished: Path, children: Children, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "fold_1")
    (folder / "oof" / "fold_1.npz").unlink()
    shutil.rmtree(folder / "oof" / "store")
    for path in ("metrics.json", "report.txt"):
        (folder / path).unlink()
    verb("cv", *line, "save=null", f"hydra.run.dir={tmp_path / 'other'}")
    children.folds.clear()
    verb("cv", *line, f"hydra.run.dir={folder}")
    assert children.folds == [1]
    assert read(folder / "metrics.json") == read(finished / "metrics.json") == read(tmp_path / "other" / "metrics.json")


def test_another_command_does_not_go_on_in_the_folder(line: list[str], finished: Path, refused: Refused) -> None:
    said = refused("cv", *line, "optim.lr=.5", f"hydra.run.dir={finished}")
    assert "was begun with" in said
    assert "choose another hydra.run.dir" in said


def test_a_failing_fold_says_how_to_go_on(
    line: list[str], children: Children, refused: Refused, tmp_path: Path
) -> None:
    children.fail = 0
    said = refused("cv", *line, f"hydra.run.dir={tmp_path}")
    assert "the training of fold 0 failed with status 7" in said
    assert f"Repeat the command with hydra.run.dir={tmp_path}" in said
    assert children.folds == [0]


def test_folds_of_a_sweep_are_collected(verb: Verb, finished: Path, refused: Refused, tmp_path: Path) -> None:
    verb("cv", f"runs={finished}", "trainer=cpu", "save=null", f"hydra.run.dir={tmp_path / 'collected'}")
    assert read(tmp_path / "collected" / "metrics.json") == read(finished / "metrics.json")
    shutil.copytree(finished / "fold_1", tmp_path / "half" / "fold_1")
    assert "holds the folds 1 of 1 splits" in refused("cv", f"runs={tmp_path / 'half'}", f"hydra.run.dir={tmp_path}")


def test_two_runs_are_compared(
    verb: Verb, finished: Path, refused: Refused, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("cv", f"compare=[{finished},{finished}]", f"hydra.run.dir={tmp_path / 'same'}")
    assert "The two predict the same" in capsys.readouterr().out
    other = tmp_path / "other"
    shutil.copytree(finished, other)
    content = dict(np.load(other / "oof" / "fold_0.npz"))
    content["names"] = np.array([f"x{name}" for name in content["names"]])
    np.savez(other / "oof" / "fold_0.npz", **content)
    said = refused("cv", f"compare=[{finished},{other}]", f"hydra.run.dir={tmp_path / 'c'}")
    assert "did not score the same photographs" in said
    assert "takes two run folders" in refused("cv", f"compare=[{finished}]", f"hydra.run.dir={tmp_path / 'd'}")
    assert "holds no cv.json" in refused("cv", f"compare=[{tmp_path},{other}]", f"hydra.run.dir={tmp_path / 'e'}")
