"""Processes that torchrun or SLURM starts share one run folder."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from trashseg.config.ranks import rank_overrides, start_time
from trashseg.types import ConfigError

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "29500"}
SLURM = {"SLURM_JOB_ID": "41", "SLURM_STEP_ID": "2", "SLURM_NTASKS": "4"}


def test_torchruns_processes_agree() -> None:
    first, second = (rank_overrides("train", [], {**TORCHRUN, "RANK": rank}) for rank in "01")
    assert len(first) == 1
    assert first[0].startswith("hydra.run.dir=outputs/train/20")
    assert second == [*first, "hydra.output_subdir=null", "hydra.job.name=train_process_1"]


def test_slurms_processes_agree() -> None:
    first, third = (rank_overrides("train", [], {**SLURM, "SLURM_PROCID": rank}) for rank in "03")
    assert first == ["hydra.run.dir=outputs/train/slurm-41.2"]
    assert third == [*first, "hydra.output_subdir=null", "hydra.job.name=train_process_3"]


def test_a_given_folder_stays() -> None:
    assert rank_overrides("train", ["hydra.run.dir=x"], {**SLURM, "SLURM_PROCID": "0"}) == []
    assert len(rank_overrides("train", ["hydra.run.dir=x"], {**TORCHRUN, "RANK": "1"})) == 2


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LOCAL_RANK": "1", "WORLD_SIZE": "2"},  # Lightning gives its processes the folder itself
        {"SLURM_JOB_ID": "41", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"},
        {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"},
    ],
)
def test_a_single_process_needs_nothing(environment: dict[str, str]) -> None:
    assert rank_overrides("train", ["-m"], environment) == []


@pytest.mark.parametrize("environment", [{**TORCHRUN, "RANK": "0"}, {**SLURM, "SLURM_PROCID": "1"}])
@pytest.mark.parametrize("flag", ["-m", "--multirun"])
def test_a_sweep_is_not_started_twice(environment: dict[str, str], flag: str) -> None:
    with pytest.raises(ConfigError, match="trainer=ddp"):
        rank_overrides("train", [flag, "seed=1,2"], environment)


def test_several_machines_need_a_folder() -> None:
    with pytest.raises(ConfigError, match=r"hydra\.run\.dir"):
        rank_overrides("train", [], {**TORCHRUN, "RANK": "0", "WORLD_SIZE": "4"})


def test_when_a_process_started() -> None:
    with subprocess.Popen(["sleep", "9"]) as process:
        try:
            assert abs(start_time(process.pid) - time.time()) < 2.5
            assert start_time(os.getpid()) <= start_time(process.pid)
        finally:
            process.kill()
