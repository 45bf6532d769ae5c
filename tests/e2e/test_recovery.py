"""One command, repeated after whatever stopped it; and what the failures of a night say."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException
from omegaconf import OmegaConf

from trashseg.callbacks.metrics_file import MetricsFile
from trashseg.checkpoint import load_trained
from trashseg.config import conf_dir
from trashseg.module import SegmentationModule
from trashseg.recovery import explained, memory_advice, remove_leftovers, start_from
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
    assert content(tmp_path)["epoch"] == (name == "SIGTERM"), "only SIGTERM leaves time to save within an epoch"
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


DROPOUT_NET = [  # DeepLab's head has dropout, which draws from torch's global stream
    "model=deeplabv3_r50", "model.pretrained=false", "model.encoder_name=tu-test_resnet.r160_in1k",
    "+model.options.decoder_channels=16", "aug=strong", "data.image_size=64", "data.batch_size=2",
    "trainer.max_epochs=2", "optim/schedule=one_cycle", "callbacks.ema.decay=0.9",
]  # fmt: skip
LINE = re.compile(r"^(epoch .*) \d+ s$", re.MULTILINE)
"""The line of an epoch: losses and scores, without the seconds."""
EARLY = [*DISASTER[:2], "+callbacks.disaster.batch=0", "+callbacks.disaster.name=SIGTERM"]


@pytest.mark.parametrize(
    ("options", "ranks", "done"),
    [
        (["data.num_workers=2", "trainer.accumulate_grad_batches=2", "trainer.log_every_n_steps=2"], 1, 2),
        (["data.num_workers=0", "trainer.log_every_n_steps=1", "callbacks.freeze.epochs=-1", "mix=cutmix"], 1, 1),
        (["data.num_workers=1", "trainer.log_every_n_steps=1"], 2, 1),
    ],
    ids=["workers-accumulation", "frozen-mixed", "two-ranks"],
)
def test_sigterm_within_an_epoch_loses_nothing(
    in_child: InChild,
    make_coco: Callable[..., Path],
    tmp_path: Path,
    options: list[str],
    ranks: int,
    done: int,
    same: Callable[[Any, Any], bool],
) -> None:
    data = make_coco({"train": 6 * ranks, "val": 3, "test": 1})  # three steps an epoch
    command = [*DROPOUT_NET, f"data.root={data}", *options]
    command += ["trainer=cpu"] if ranks == 1 else ["trainer=ddp", "trainer.accelerator=cpu", f"trainer.devices={ranks}"]
    whole, broken = (f"hydra.run.dir={tmp_path / name}" for name in ("whole", "broken"))
    status, expected = in_child(*command, whole, ranks=ranks)
    assert status == 0, expected
    # Of several processes the last one alone gets the signal.
    status, first = in_child(*command, *EARLY, f"+callbacks.disaster.rank={ranks - 1}", broken, ranks=ranks)
    assert status == 128 + signal.SIGTERM, first
    assert f"hydra.run.dir={tmp_path / 'broken'} to go on from there" in first
    stopped = content(tmp_path / "broken")
    assert stopped["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["processed"] == done
    status, second = in_child(*command, "resume=auto", broken, ranks=ranks)
    assert status == 0, second

    before, after = content(tmp_path / "whole"), content(tmp_path / "broken")
    for part in ("state_dict", "current_model_state", "averaging_state", "optimizer_states", "lr_schedulers"):
        assert same(before[part], after[part]), part
    assert before["global_step"] == after["global_step"]
    assert LINE.findall(first + second) == LINE.findall(expected)
    metrics = [(tmp_path / name / "metrics.csv").read_text() for name in ("whole", "broken")]
    assert metrics[0] == metrics[1]
    assert "Warning" not in first + second


def test_an_epoch_goes_on_by_the_same_steps(
    in_child: InChild, refused: Callable[..., str], make_coco: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_coco({"train": 6, "val": 3, "test": 1})
    command = [*DROPOUT_NET, f"data.root={data}", "trainer=cpu", "data.num_workers=0", f"hydra.run.dir={tmp_path}"]
    first = [text.replace("epoch=1", "epoch=0") for text in EARLY]
    assert in_child(*command, *first)[0] == 128 + signal.SIGTERM
    line = refused("train", *command, "resume=auto", "data.batch_size=3")
    assert "after 1 batches of 2 photographs" in line
    assert "batches of 3" in line


@pytest.mark.parametrize(("rank", "status"), [("0", 128 + signal.SIGTERM), ("1", 0)])
def test_only_the_first_process_says_that_the_run_was_ended(
    monkeypatch: pytest.MonkeyPatch, rank: str, status: int
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    trainer: Any = SimpleNamespace(received_sigterm=True)
    for error in (SIGTERMException(), RuntimeError("DataLoader worker is killed by signal: Terminated.")):
        with pytest.raises(SystemExit) as left, explained(trainer, {}):
            raise error
        assert left.value.code == status
    trainer.received_sigterm = False
    with pytest.raises(RuntimeError, match="its own"), explained(trainer, {}):
        raise RuntimeError("its own")


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
    left = [
        ".metrics.x1.tmp.csv",
        "checkpoints/.best.y_2.tmp.ckpt",
        "pictures/.epoch_001.z.tmp.png",
        "masks/batch_01/.0001.w.tmp.png",
    ]
    kept = [".hydra/config.yaml", "metrics.csv", "checkpoints/last.ckpt", "pictures/a.tmp.png"]
    for name in (*left, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
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
