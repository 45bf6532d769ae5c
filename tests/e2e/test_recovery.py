"""One command, repeated after whatever stopped it; and what the failures of a night say."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from trashseg.callbacks.metrics_file import MetricsFile
from trashseg.checkpoint import load_trained
from trashseg.config import conf_dir
from trashseg.module import SegmentationModule
from trashseg.recovery import memory_advice, remove_leftovers, start_from
from trashseg.types import CheckpointError, ConfigError

InChild = Callable[..., tuple[int, str]]
DISASTER = ["+callbacks.disaster._target_=e2e_callbacks.Disaster", "+callbacks.disaster.epoch=1"]
DISASTER += ["+callbacks.disaster.batch=1"]


def content(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return found


@pytest.mark.parametrize(("name", "status"), [("SIGKILL", -signal.SIGKILL), ("SIGTERM", 128 + signal.SIGTERM)])
def test_the_same_command_goes_on_and_ends_as_if_nothing_had_happened(
    in_child: InChild, tiny: list[str], trained: Path, tmp_path: Path, name: str, status: int
) -> None:
    command = [*tiny, "trainer.max_epochs=3", "data.num_workers=1", "resume=auto", f"hydra.run.dir={tmp_path}"]
    stopped, printed = in_child(*command, *DISASTER, f"+callbacks.disaster.name={name}")
    assert stopped == status
    assert "Traceback" not in printed
    assert ("interrupted in epoch 2: repeat the command with" in printed) == (name == "SIGTERM")
    assert content(tmp_path)["epoch"] == 0
    stale = tmp_path / "checkpoints" / ".last.abc.tmp.ckpt"
    stale.write_bytes(b"half")

    assert in_child(*command)[0] == 0
    assert not stale.exists()
    before = content(tmp_path)
    expected = content(trained)
    for part in ("state_dict", "current_model_state"):
        assert all(torch.equal(value, before[part][key]) for key, value in expected[part].items())
    assert before["global_step"] == expected["global_step"]

    stopped, printed = in_child(*command)  # there is nothing left to do
    assert stopped == 0
    assert "best checkpoint" in printed
    assert content(tmp_path)["global_step"] == expected["global_step"]


def test_auto_takes_the_own_checkpoint_alone(tmp_path: Path) -> None:
    other, own = (tmp_path / "train" / name for name in ("other", "own"))
    for folder in (other, own):
        (folder / "checkpoints").mkdir(parents=True)
    (other / "checkpoints" / "last.ckpt").touch()
    assert start_from("auto", None, own) is None
    assert start_from(None, None, other) is None
    assert start_from("auto", None, other) == other / "checkpoints" / "last.ckpt"
    assert start_from("auto", "some.ckpt", own) == Path("some.ckpt")
    assert start_from("auto", "some.ckpt", other) == other / "checkpoints" / "last.ckpt"
    with pytest.raises(ConfigError, match=r"resume=last; give resume=auto, or ckpt_path=last"):
        start_from("last", None, own)
    with pytest.raises(CheckpointError, match=r"no best\.ckpt"):
        start_from("auto", "best", own)


def test_leftovers_go_and_everything_else_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [".metrics.x1.tmp.csv", "checkpoints/.best.y_2.tmp.ckpt", "pictures/.epoch_001.z.tmp.png"]
    kept = [".hydra/config.yaml", "metrics.csv", "checkpoints/last.ckpt", "pictures/a.tmp.png"]
    for name in (*left, *kept):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("LOCAL_RANK", "1")
    remove_leftovers(tmp_path)
    assert all((tmp_path / name).exists() for name in left), "the first process may be writing"
    monkeypatch.delenv("LOCAL_RANK")
    remove_leftovers(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(kept)


def test_a_loss_that_explodes_is_one_line(refused: Callable[..., str], tiny: list[str], tmp_path: Path) -> None:
    line = refused("train", *tiny, "trainer.max_epochs=3", "optim.lr=1e30", f"hydra.run.dir={tmp_path}")
    assert "NaN or infinite" in line
    assert "optim.lr" in line
    assert not list(tmp_path.rglob("*.ckpt"))


def test_too_little_memory_names_what_to_lower(
    refused: Callable[..., str], tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(SegmentationModule, "training_step", out_of_memory)
    line = refused("train", *tiny, f"hydra.run.dir={tmp_path}")
    assert "data.batch_size=1 trainer.accumulate_grad_batches=2" in line
    assert "now 64 and 64" in line


def test_the_advice_fits_the_config() -> None:
    config = {
        "data": {"batch_size": 6, "image_size": 512, "crop_size": 384},
        "model": {"grad_checkpointing": False},
        "trainer": {"accumulate_grad_batches": 2, "precision": "32-true"},
    }
    advice = memory_advice(config)
    assert "data.batch_size=3 trainer.accumulate_grad_batches=4" in advice
    assert "now 6 and 2" in advice
    assert "model.grad_checkpointing=true" in advice
    assert "trainer.precision=16-mixed (now 32-true)" in advice
    assert "now 512 and 384" in advice
    config["data"]["batch_size"] = 1
    config["model"]["grad_checkpointing"] = True
    config["trainer"]["precision"] = "bf16-mixed"
    advice = memory_advice(config)
    assert not any(word in advice for word in ("batch_size", "grad_checkpointing", "precision"))


def test_a_full_disk_is_one_line_and_other_errors_are_not_hidden(
    refused: Callable[..., str],
    verb: Callable[..., None],
    tiny: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(MetricsFile, "log_metrics", fail)
    line = refused("train", *tiny, f"hydra.run.dir={tmp_path}")
    assert "No space left on device" in line
    assert f"resume=auto hydra.run.dir={tmp_path}" in line
    error = OSError(errno.EACCES, "Permission denied")
    with pytest.raises(PermissionError):
        verb("train", *tiny, f"hydra.run.dir={tmp_path}")


def test_every_configuration_of_callbacks_watches_the_loss(trained: Path) -> None:
    default = OmegaConf.load(conf_dir() / "callbacks" / "default.yaml")
    assert default.finite._target_ == "trashseg.callbacks.finite.Finite"
    for name in ("plain", "early_stopping"):
        assert "default" in OmegaConf.load(conf_dir() / "callbacks" / f"{name}.yaml").defaults
    assert "finite" in load_trained(trained / "checkpoints" / "last.ckpt").config["callbacks"]
