"""A run that was killed goes on as if nothing had happened, bit for bit."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

DROPOUT_NET = [  # DeepLab's head has dropout, which draws from torch's global stream
    "model=deeplabv3_r50",
    "model.pretrained=false",
    "model.encoder_name=tu-test_resnet.r160_in1k",
    "+model.options.decoder_channels=16",
]
KILL = ["+callbacks.disaster._target_=e2e_callbacks.Disaster", "+callbacks.disaster.epoch=1"]
KILL += ["+callbacks.disaster.batch=1"]
STOP = ["+callbacks.stop._target_=e2e_callbacks.StopAfter", "+callbacks.stop.epoch=1"]

Same = Callable[[Any, Any], bool]


@pytest.fixture
def options(root: Path) -> list[str]:
    return [
        *DROPOUT_NET, f"data.root={root}", "data.image_size=64", "data.batch_size=2", "data.num_workers=1",
        "trainer=cpu", "trainer.max_epochs=3", "trainer.log_every_n_steps=1", "aug=strong",
        "callbacks.ema.decay=0.9",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "interruption", "status"),
    [
        (["optim/schedule=cosine"], KILL, -signal.SIGKILL),
        (["optim/schedule=one_cycle"], STOP, 0),
        # Patience 0: the rate falls after every epoch without a new best, so a lost step of the schedule shows.
        (["optim/schedule=plateau", "optim.schedule.patience=0", "optim.schedule.mode=min"], KILL, -signal.SIGKILL),
    ],
    ids=["cosine-killed", "one_cycle-stopped", "plateau-killed"],
)
def test_a_resumed_run_ends_where_an_uninterrupted_one_ends(
    in_child: Callable[..., tuple[int, str]],
    options: list[str],
    tmp_path: Path,
    schedule: list[str],
    interruption: list[str],
    status: int,
    same: Same,
) -> None:
    whole, broken = tmp_path / "train" / "whole", tmp_path / "train" / "broken"
    assert in_child(*options, *schedule, f"hydra.run.dir={whole}")[0] == 0
    assert in_child(*options, *schedule, *interruption, f"hydra.run.dir={broken}")[0] == status
    assert not same(load(whole), load(broken)), "the interruption came too late to show anything"
    assert in_child(*options, *schedule, f"hydra.run.dir={broken}", "ckpt_path=last")[0] == 0

    expected, resumed = load(whole), load(broken)
    for part in ("epoch", "global_step", "state_dict", "current_model_state", "averaging_state", "optimizer_states"):
        assert same(expected[part], resumed[part]), part
    assert same(expected["lr_schedulers"], resumed["lr_schedulers"])
    assert (whole / "metrics.csv").read_text() == (broken / "metrics.csv").read_text()
    best = [load(folder, "best")["state_dict"] for folder in (whole, broken)]
    assert same(*best)
    pictures = [(folder / "pictures" / "epoch_003.png").read_bytes() for folder in (whole, broken)]
    assert pictures[0] == pictures[1]


def test_raw_and_averaged_weights_are_both_kept(trained: Path, same: Same) -> None:
    content = load(trained)
    assert content["state_dict"].keys() == content["current_model_state"].keys()
    assert not same(content["state_dict"], content["current_model_state"])


def test_another_network_or_rate_is_refused(refused: Callable[..., str], tiny: list[str], trained: Path) -> None:
    again = [*tiny, f"ckpt_path={trained / 'checkpoints' / 'last.ckpt'}"]
    assert "model.arch=Unet" in refused("train", *again, "model.arch=FPN", f"hydra.run.dir={trained}_fpn")
    assert "optim.lr=0.0005" in refused("train", *again, "optim.lr=1.0e-3", f"hydra.run.dir={trained}_lr")


def test_a_damaged_checkpoint_is_refused(
    refused: Callable[..., str], tiny: list[str], copy_of: Callable[[Path], Path], trained: Path
) -> None:
    folder = copy_of(trained)
    path = folder / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "damaged" in refused("train", *tiny, "ckpt_path=last", f"hydra.run.dir={folder}")


@pytest.mark.filterwarnings("ignore:The dirpath has changed")  # the finished run is copied for this test
def test_a_finished_run_trains_on_with_more_epochs(
    verb: Callable[..., None], tiny: list[str], copy_of: Callable[[Path], Path], trained: Path
) -> None:
    folder = copy_of(trained)
    before = (folder / "metrics.csv").read_text().splitlines()
    verb("train", *tiny, "ckpt_path=last", "trainer.max_epochs=4", f"hydra.run.dir={folder}")
    after = (folder / "metrics.csv").read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 3
    assert load(folder)["epoch"] == 3


def load(folder: Path, name: str = "last") -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    return content
