"""Two processes on a CPU count every photograph once and agree with one process."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np


def test_two_processes(
    command: Callable[..., CompletedProcess[str]], verb: Callable[..., None], tiny: list[str], tmp_path: Path
) -> None:
    folder, seen = tmp_path / "train" / "ddp", tmp_path / "seen"
    done = command(
        "train", *(option for option in tiny if option != "trainer=cpu"), "trainer=ddp", "trainer.accelerator=cpu",
        "trainer.devices=2", "trainer.max_epochs=2", f"hydra.run.dir={folder}",
        "+callbacks.seen._target_=e2e_callbacks.Seen", f"+callbacks.seen.folder={seen}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("run folder") == 1
    assert "Warning" not in done.stderr

    lines = [json.loads(line) for path in sorted(seen.iterdir()) for line in path.read_text().splitlines()]
    assert {line["size"] for line in lines} == {2}
    for epoch in range(2):
        names = {
            part: Counter(n for line in lines if (line["part"], line["epoch"]) == (part, epoch) for n in line["names"])
            for part in ("train", "val")
        }
        assert max(names["train"].values()) == 1
        # Three photographs a process in batches of two: the incomplete batch is left out.
        assert len(names["train"]) == 4
        # Five photographs on two processes: each exactly once.
        assert sorted(names["val"].values()) == [1] * 5

    runs = list(tmp_path.rglob("metrics.csv"))
    assert runs == [folder / "metrics.csv"]
    verb("evaluate", f"ckpt_path={folder / 'checkpoints' / 'best.ckpt'}", f"hydra.run.dir={tmp_path / 'evaluate'}")
    alone = json.loads((tmp_path / "evaluate" / "metrics.json").read_text())["miou"]
    logged = [float(row["val/miou"]) for row in csv.DictReader(runs[0].read_text().splitlines()) if row["val/miou"]]
    assert len(logged) == 2
    assert np.float32(alone) == np.float32(max(logged))
