"""A finished training is repeated from what its folder holds, and its numbers compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from trashseg.provenance import CONFIG, NAME, read_starts

InChild = Callable[..., tuple[int, str]]
Refused = Callable[..., str]


@pytest.fixture
def reproduce(
    in_child: InChild, verb: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., int]:
    """Run the verb and return its exit status; its training is a process that has torch imported already."""

    def as_child(command: list[str], *_: object) -> int:
        assert command[1:3] == ["-m", "trashseg.train"]
        return in_child(*command[3:])[0]

    def run(*overrides: str) -> int:
        monkeypatch.setattr("trashseg.reproduction.repeating.run_process", as_child)
        with pytest.raises(SystemExit) as left:
            verb("reproduce", *overrides, f"hydra.run.dir={tmp_path / 'again'}")
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


def edited(folder: Path, **changes: Any) -> None:
    """Change entries of the record's first start."""
    path = folder / NAME
    content = json.loads(path.read_bytes())
    content["starts"][0] |= changes
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_run_that_was_moved_is_repeated_to_the_last_digit(
    reproduce: Callable[..., int],
    trained: Path,
    copy_of: Callable[[Path], Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = copy_of(trained)
    # What the run depended on is in its record, not in the environment of today.
    monkeypatch.setenv("TRASHSEG_DATA", "/nowhere")
    assert reproduce(f"run={folder}") == 0
    printed = capfd.readouterr().out
    assert f"run         {folder}, made in {trained}" in printed
    assert "data: same" in printed
    assert "identical to the last digit: " in printed
    assert printed.count("  none\n") == 3

    again = tmp_path / "again" / "run"
    assert (again / "metrics.csv").read_text() == (folder / "metrics.csv").read_text()
    weights = [torch.load(run / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for run in (again, trained)]
    assert all(torch.equal(weights[0][name], value) for name, value in weights[1].items())
    (first,), (second,) = read_starts(folder), read_starts(again)
    assert json.dumps(second.config).replace(str(again), str(trained)) == json.dumps(first.config)


def test_another_seed_is_no_repetition(
    reproduce: Callable[..., int], trained: Path, copy_of: Callable[[Path], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of(trained)
    config = read_starts(folder)[0].config
    config = json.loads(json.dumps(config).replace('"seed": 42', '"seed": 43'))
    config["trainer"]["max_epochs"] = 1
    edited(folder, config=config, versions={"torch": "1.0"}, time="t")
    assert reproduce(f"run={folder}", "tolerance=0.5") == 1
    printed = capfd.readouterr().out
    assert "versions.torch: 1.0 then, " in printed
    assert "not identical: the largest difference is " in printed
    assert "it began at step 0 with train/loss" in printed
    assert "too much for a beginning by rounding" in printed
    assert "tolerance=0.5: no" in printed  # the second and third epoch are missing


def test_changed_and_missing_data_are_refused(
    refused: Refused, trained: Path, copy_of: Callable[[Path], Path], root: Path, tmp_path: Path
) -> None:
    folder, here = copy_of(trained), f"hydra.run.dir={tmp_path / 'again'}"
    data = tmp_path / "data"
    shutil.copytree(root, data)
    text = (folder / NAME).read_text(encoding="utf-8").replace(str(root), str(data))
    (folder / NAME).write_text(text, encoding="utf-8")
    photograph = next(data.glob("*/*.png"))
    photograph.write_bytes(photograph.read_bytes() + b"x")
    assert "photographs.bytes is not what the run read (2 in all" in refused("reproduce", f"run={folder}", here)
    (data / "train.json").unlink()
    assert f"annotations.{data / 'train.json'} is not" in refused("reproduce", f"run={folder}", here)


def test_runs_that_cannot_be_repeated_are_one_line(
    refused: Refused, trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = copy_of(trained)
    start = json.loads((folder / NAME).read_bytes())["starts"][0]

    def refusal(*overrides: str) -> str:
        return refused("reproduce", *overrides, f"run={folder}", f"hydra.run.dir={tmp_path / 'again'}")

    assert "tolerance=2" in refusal("tolerance=2")
    edited(folder, config={**start["config"], "ckpt_path": "last"})
    assert "went on from ckpt_path=last" in refusal()
    longer = {**start, "config": {**start["config"], "trainer": {**start["config"]["trainer"], "max_epochs": 9}}}
    (folder / NAME).write_text(json.dumps({"starts": [start, longer]}), encoding="utf-8")
    assert "begun with trainer.max_epochs=3 and went on with trainer.max_epochs=9" in refusal()
    edited(folder, verb="cv")
    assert f"its folds are trainings: run={folder}/fold_0" in refusal()
    edited(folder, verb="train")
    (folder / "metrics.csv").unlink()
    assert "holds no metrics.csv" in refusal()
    (folder / NAME).unlink()
    assert "of an older trashseg" in refusal()
    assert "trashseg train model=unet_lite0 model.pretrained=false" in refusal()
    shutil.rmtree(folder / ".hydra")
    assert "it is no run of trashseg" in refusal()
    shutil.rmtree(folder)
    assert "is not a folder" in refusal()


def test_every_run_folder_says_where_it_comes_from(trained: Path, tiny: list[str]) -> None:
    (start,) = read_starts(trained)
    config = OmegaConf.load(trained / CONFIG)
    assert config.callbacks.last.dirpath == f"{trained}/checkpoints", "every value is resolved"
    assert OmegaConf.to_container(config) == start.config
    assert start.inputs["photographs"]["number"] == 15
    assert {Path(name).name for name in start.inputs["annotations"]} == {"train.json", "val.json", "test.json"}
    assert f"data.root={start.config['data']['root']}" in tiny
