"""A job's command line is the one that a user would type for it alone."""

from __future__ import annotations

import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from trashseg.sweep.job import child_environment, command, ended_by


def hydra_of_job(task: list[str], hydra: list[str], run_dir: str) -> DictConfig:
    return OmegaConf.create(
        {
            "overrides": {"task": task, "hydra": hydra},
            "runtime": {"output_dir": run_dir},
            "sweep": {"dir": "multirun/a b"},
            "job": {"num": 3},
        }
    )


def test_what_a_job_is_started_with() -> None:
    sweeping = [
        "hydra.mode=MULTIRUN", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra/sweeper=optuna",
        "hydra/sweeper/sampler=grid", "hydra.sweep.dir=x", "hydra.run.dir=y", "+hydra.launcher.ray.init.num_cpus=1",
    ]  # fmt: skip
    kept = ["hydra.verbose=true", "+hydra.job.env_set.A=1"]
    folder = "/tmp/sweep/model=a,b 'x' \"y\" z"
    line = command(
        "train", hydra_of_job(["model=${oc.env:NO_SUCH}", "data.classes={a: 1}"], [*sweeping, *kept], folder)
    )
    assert line[:3] == [sys.executable, "-m", "trashseg.train"]
    assert line[3:7] == ["model=${oc.env:NO_SUCH}", "data.classes={a: 1}", *kept]
    parsed = {o.get_key_element(): o.value() for o in OverridesParser.create().parse_overrides(line[7:])}
    values = {key: getattr(value, "text", value) for key, value in parsed.items()}
    assert values == {"hydra.run.dir": folder, "hydra.sweep.dir": "multirun/a b", "hydra.job.num": 3}


def test_lightning_starts_the_ranks_of_a_single_slurm_task() -> None:
    assert child_environment({"SLURM_NTASKS": "1", "SLURM_JOB_ID": "7"}) == {"SLURM_JOB_ID": "7"}
    assert child_environment({"SLURM_NTASKS": "2", "HOME": "/"}) == {"SLURM_NTASKS": "2", "HOME": "/"}


@pytest.mark.parametrize(("status", "words"), [(1, "status 1"), (-9, "SIGKILL"), (-11, "SIGSEGV")])
def test_an_end_without_a_message(status: int, words: str) -> None:
    assert words in ended_by(status)
    assert ("memory" in ended_by(status)) == (status == -9)
