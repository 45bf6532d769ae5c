"""metrics.csv: one row a step, and a resumed run goes on in it."""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from trashseg.callbacks.metrics_file import MetricsFile


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def log(path: Path, steps: range, *, scores_every: int = 3) -> None:
    logger = MetricsFile(str(path))
    for step in steps:
        logger.log_metrics({"lr": 0.1 * step}, step)
        logger.log_metrics({"train/loss": torch.tensor(1.5 * step), "epoch": step // scores_every}, step)
        if step % scores_every == scores_every - 1:
            logger.log_metrics({"val/miou": 0.01 * step, "val/iou/Plastic, bag": float("nan")}, step)


def test_one_row_a_step(tmp_path: Path) -> None:
    log(tmp_path / "metrics.csv", range(7))
    table = rows(tmp_path / "metrics.csv")
    assert [int(row["step"]) for row in table] == list(range(7))
    assert [int(row["epoch"]) for row in table] == [0, 0, 0, 1, 1, 1, 2]
    assert [float(row["train/loss"]) for row in table] == [1.5 * step for step in range(7)]
    assert [row["val/miou"] for row in table] == ["", "", "0.02", "", "", "0.05", ""]
    assert table[2]["val/iou/Plastic, bag"] == "nan"


def test_a_resumed_run_leaves_the_file_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.csv", tmp_path / "broken.csv"
    log(whole, range(9))
    log(broken, range(8))  # the last checkpoint was written after step 5
    with broken.open("a") as stream:
        stream.write("8,2")  # a kill cut this row short
    log(broken, range(6, 9))
    assert broken.read_text() == whole.read_text()


def test_a_new_run_does_not_go_on_in_an_old_file(tmp_path: Path) -> None:
    log(tmp_path / "metrics.csv", range(9))
    log(tmp_path / "metrics.csv", range(2))
    assert len(rows(tmp_path / "metrics.csv")) == 2
