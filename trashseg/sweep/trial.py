"""How a job finds its sweep, and its trial of a search: through the sweep's folder, which all workers see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

STUDY = "study.json"
"""In the sweep's folder: the storage, the study's name and its pruner."""


def sweep_dir() -> Path | None:
    """Return the folder of the sweep that this run is a job of, None where it is none's."""
    if not HydraConfig.initialized() or OmegaConf.is_missing(HydraConfig.get().job, "num"):
        return None
    return Path(str(HydraConfig.get().sweep.dir))


def search_callbacks() -> dict[str, dict[str, Any]]:
    """Return the config of the callback that lets the search end this run early; nothing where none runs it.

    A trial has the number of its job.
    """
    folder = sweep_dir()
    if folder is None or not (folder / STUDY).is_file():
        return {}
    study = json.loads((folder / STUDY).read_bytes())
    return {
        "pruning": {"_target_": "trashseg.callbacks.pruning.Pruning", "number": int(HydraConfig.get().job.num), **study}
    }
