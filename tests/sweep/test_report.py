"""The table at the end of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from trashseg.sweep.outcome import Outcome
from trashseg.sweep.report import SweepReport, differences, outcomes, table

JOBS = [
    Outcome("done", ["data=synthetic", "model=a"], job=0, score=0.25, seconds=3725.4),
    Outcome("failed", ["data=synthetic", "model=b"], job=1, reason="RuntimeError: out of memory", seconds=2),
    Outcome("pruned", ["data=synthetic", "model=c"], job=10, score=0.5),
]


def test_the_table_says_what_became_of_each_job() -> None:
    lines = table(JOBS).splitlines()
    assert lines[1].split() == ["0", "done", "0.2500", "1:02:05", "model=a"]
    assert lines[2].split() == ["1", "failed", "-", "0:00:02", "model=b"]
    assert lines[3].strip() == "RuntimeError: out of memory"
    assert lines[4].split() == ["10", "pruned", "0.5000", "0:00:00", "model=c"]
    assert lines[5:] == ["best: job 10, 0.5000  model=c"]


def test_a_single_job_shows_its_whole_command_line() -> None:
    assert differences(JOBS[:1]) == ["data=synthetic model=a"]
    assert "best" not in table(JOBS[:1])
    assert differences([]) == []


def test_the_jobs_are_found_in_their_order(tmp_path: Path) -> None:
    for job in JOBS:
        folder = tmp_path / f"sub{job.job}"
        folder.mkdir()
        job.write(folder)
        # A cross-validation's job holds the runs of its folds.
        (folder / "fold_0").mkdir()
        Outcome("done", [], score=0.9).write(folder / "fold_0")
    assert outcomes(tmp_path) == JOBS


@pytest.mark.parametrize("failed", [True, False])
def test_the_status_says_whether_any_failed(failed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for job in JOBS if failed else [JOBS[0], JOBS[2]]:
        (tmp_path / str(job.job)).mkdir()
        job.write(tmp_path / str(job.job))
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    if failed:
        with pytest.raises(SystemExit) as stopped:
            SweepReport().on_multirun_end(config)
        assert stopped.value.code == 2
    else:
        SweepReport().on_multirun_end(config)
    assert ("out of memory" in capsys.readouterr().out) == failed
