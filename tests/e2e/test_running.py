"""Unusual ways to run a training: without validation, callbacks, loggers or a GPU, or stopped by Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

Verb = Callable[..., None]


@pytest.mark.parametrize(
    "options",
    [
        ["trainer.limit_val_batches=0"],
        ["trainer.limit_val_batches=0", "optim/schedule=plateau"],
        ["callbacks=none"],
        ["logger=none"],
        ["trainer.check_val_every_n_epoch=2", "trainer.max_epochs=2", "optim/schedule=plateau"],
        ["trainer.enable_progress_bar=false", "callbacks.progress=null"],
        ["debug=fast", "logger=tensorboard"],
    ],
    ids=lambda options: " ".join(options),
)
def test_a_training_ends_well(verb: Verb, tiny: list[str], tmp_path: Path, options: list[str]) -> None:
    folder = tmp_path / "train" / "run"
    verb("train", *tiny, "trainer.max_epochs=1", *options, f"hydra.run.dir={folder}")
    assert list((folder / "checkpoints").glob("*.ckpt"))
    assert ("logger=none" in options) != (folder / "metrics.csv").is_file()
    assert ("logger=tensorboard" in options) == bool(list(folder.rglob("events.out.tfevents*")))


def test_a_missing_gpu_is_one_line(refused: Callable[..., str], tiny: list[str], tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    line = refused("train", *tiny, "trainer=gpu", f"hydra.run.dir={tmp_path}")
    assert "trainer" in line
    assert "cpu" in line


def test_a_score_that_nothing_logs_is_one_line(refused: Callable[..., str], tiny: list[str], tmp_path: Path) -> None:
    line = refused(
        "train", *tiny, "optim/schedule=plateau", "optim.schedule.monitor=val/miuo", f"hydra.run.dir={tmp_path}"
    )
    assert "val/miou" in line


def test_ctrl_c_leaves_a_valid_checkpoint(
    in_child: Callable[..., tuple[int, str]], tiny: list[str], tmp_path: Path
) -> None:
    disaster = ["+callbacks.disaster._target_=e2e_callbacks.Disaster", "+callbacks.disaster.epoch=1"]
    disaster += ["+callbacks.disaster.batch=0", "+callbacks.disaster.name=SIGINT"]
    run = [*tiny, "trainer.max_epochs=3", "data.num_workers=1", f"hydra.run.dir={tmp_path}"]
    status, printed = in_child(*run, *disaster)
    assert status in (1, 128 + signal.SIGINT)
    assert "Traceback" not in printed
    assert f"ckpt_path=last hydra.run.dir={tmp_path}" in printed
    content = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["epoch"] == 0
    assert not list(tmp_path.rglob("*.tmp*"))
