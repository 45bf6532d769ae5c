"""Folders of runs, without the running."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from trashseg.sweep.outcome import Outcome

NOW = 1_700_000_000.0


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run's folder below ``outputs``, an hour old: config, options, command line, how it ended."""

    def make(
        name: str,
        config: dict[str, Any],
        options: dict[str, str | None],
        typed: Sequence[str] = (),
        outcome: Outcome | None = None,
        verb: str = "train",
    ) -> Path:
        folder = tmp_path / "outputs" / name
        hydra = {"hydra": {"job": {"name": verb}, "runtime": {"choices": {**options, "hydra/launcher": "basic"}}}}
        contents = {"config": {"run_dir": None, **config}, "hydra": hydra, "overrides": list(typed)}
        (folder / ".hydra").mkdir(parents=True)
        for part, content in contents.items():
            path = folder / ".hydra" / f"{part}.yaml"
            OmegaConf.save(OmegaConf.create(content), path)
            os.utime(path, (NOW - 3600, NOW - 3600))
        if outcome is not None:
            outcome.write(folder)
        return folder

    return make
