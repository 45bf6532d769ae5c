"""What became of a run, with or without its own word."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trashseg.runtable.ending import best_logged, ending
from trashseg.sweep.outcome import Outcome


def write(path: Path, when: float, text: str = "") -> None:
    path.write_text(text)
    os.utime(path, (when, when))


def test_its_own_word_counts(make_run: Callable[..., Path], now: float) -> None:
    said = Outcome("failed", ["a=1"], reason="out of memory", seconds=3.5)
    assert ending(make_run("one", {}, {}, outcome=said), now, alive=60) == said


@pytest.mark.parametrize(("silence", "state"), [(59, "running"), (61, "stopped")])
def test_without_a_word_the_newest_file_tells(
    make_run: Callable[..., Path], now: float, silence: int, state: str
) -> None:
    folder = make_run("one", {}, {})
    write(folder / "train.log", now - 600)
    (folder / "checkpoints").mkdir()
    write(folder / "checkpoints" / "last.ckpt", now - silence)
    said = ending(folder, now, alive=60)
    assert said.state == state
    # Its config was written an hour ago.
    assert said.seconds == (3600 if state == "running" else 3600 - silence)
    assert (said.reason is None) == (state == "running")


def test_the_best_score_so_far(tmp_path: Path) -> None:
    assert best_logged(tmp_path) is None
    (tmp_path / "metrics.csv").write_text("step,epoch,train/loss\n1,0,2.5\n")
    assert best_logged(tmp_path) is None
    (tmp_path / "metrics.csv").write_text("step,val/miou\n1,\n2,0.25\n3,nan\n4,0.5\n5,0.375\n")
    assert best_logged(tmp_path) == 0.5
