"""Which group a run of wandb belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from trashseg.callbacks.wandb_run import WandbRun

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:wandb")


@pytest.fixture
def job(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hydra's config of a job of the sweep ``night``, or of a run alone."""
    before = HydraConfig.instance().cfg
    hydra = {"job": {"num": request.param}, "sweep": {"dir": "multirun/train/night"}}
    HydraConfig.instance().cfg = OmegaConf.create({"hydra": hydra})
    yield
    HydraConfig.instance().cfg = before


@pytest.mark.parametrize(
    ("job", "given", "group"),
    [(3, None, "night"), (3, "mine", "mine"), ("???", None, None)],
    indirect=["job"],
    ids=["sweep", "given", "alone"],
)
@pytest.mark.usefixtures("job")
def test_the_runs_of_a_sweep_are_one_group(
    tmp_path: Path, given: str | None, group: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")  # restores what the logger sets
    assert WandbRun(save_dir=tmp_path, group=given)._wandb_init["group"] == group
