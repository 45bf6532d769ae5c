"""Sweeps as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

QUICK = ["trainer.max_epochs=1", "callbacks.pictures=null"]


def outcome(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
    return found


def test_a_sweep_with_ddp(command: Callable[..., CompletedProcess[str]], tiny: list[str], tmp_path: Path) -> None:
    """Two processes, one, and a job that fails: each trains once, in its own folder."""
    seen = tmp_path / "seen"
    done = command(
        "train", "-m", *(option for option in tiny if option != "trainer=cpu"), *QUICK, "trainer=ddp",
        "trainer.accelerator=cpu", "trainer.devices=2,nonsense,1", "hydra.sweep.dir=sweep",
        "+callbacks.seen._target_=e2e_callbacks.Seen", f"+callbacks.seen.folder={seen}",
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seen", "sweep"]
    jobs = [outcome(tmp_path / "sweep" / str(job)) for job in range(3)]
    assert [job["state"] for job in jobs] == ["done", "failed", "done"]
    assert "devices" in jobs[1]["reason"]
    lines = [json.loads(line) for path in seen.iterdir() for line in path.read_text().splitlines()]
    trained = [line for line in lines if line["part"] == "train"]
    # Two jobs trained: one of two processes with four photographs in all, one of one with all six.
    assert sorted({line["size"] for line in trained}) == [1, 2]
    assert {size: sum(len(line["names"]) for line in trained if line["size"] == size) for size in (1, 2)} == {
        2: 4,
        1: 6,
    }

    table = done.stdout[done.stdout.index("sweep folder") :]
    assert jobs[1]["reason"] in table
    assert all(f"trainer.devices={devices}" in table for devices in (2, "nonsense", 1))
    assert "data.root" not in table  # which all jobs share
    log = tmp_path / "sweep" / "0"
    assert (log / "train.log").is_file()
    assert (log / "train_ddp_process_1.log").is_file()


def test_torchrun_keeps_one_folder(tiny: list[str], tmp_path: Path) -> None:
    options = [option for option in tiny if option != "trainer=cpu"]
    subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "trashseg.train", *options,
            *QUICK, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2",
        ],
        cwd=tmp_path, env=dict(os.environ), timeout=600, check=True,
    )  # fmt: skip
    (folder,) = (tmp_path / "outputs" / "train").iterdir()
    assert outcome(folder)["state"] == "done"
    assert {path.name for path in folder.glob("*.log")} == {"train.log", "train_process_1.log"}
    assert (folder / ".hydra" / "overrides.yaml").is_file()
