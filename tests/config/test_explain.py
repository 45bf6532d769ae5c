"""What a missing extra is answered with."""

from __future__ import annotations

import pytest
from hydra.errors import InstantiationException, MissingConfigException

from trashseg.config.explain import explain


@pytest.mark.parametrize(
    ("launcher", "extra"),
    [("joblib", "sweep"), ("submitit_slurm", "sweep"), ("submitit_local", "sweep"), ("ray", "ray")],
)
def test_a_launcher_that_is_not_installed(launcher: str, extra: str) -> None:
    error = MissingConfigException("", f"hydra/launcher/{launcher}.yaml", ["basic"])
    assert explain(error, "train", []).endswith(f"pip install 'trashseg[{extra}]'")


def test_a_launcher_that_does_not_exist() -> None:
    error = MissingConfigException("", "hydra/launcher/joblip.yaml", ["basic", "joblib"])
    assert explain(error, "train", []) == "hydra/launcher=joblip does not exist. Did you mean joblib?"


def test_a_sweeper_whose_package_is_not_installed() -> None:
    error = InstantiationException("Error locating target 'optuna.samplers.TPESampler'")
    error.__cause__ = ImportError("Error loading")
    error.__cause__.__cause__ = ModuleNotFoundError("No module named 'optuna'", name="optuna")
    assert explain(error, "train", []) == "optuna is not installed: pip install 'trashseg[sweep]'"
    error.__cause__.__cause__.name = "another"
    assert "Error locating" in explain(error, "train", [])
