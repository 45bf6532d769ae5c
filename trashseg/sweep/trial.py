"""How a job of a search finds its trial: through the sweep's folder, which every launcher's workers see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

STUDY = "study.json"
"""In the sweep's folder: the storage, the study's name and its pruner."""


def search_callbacks() -> dict[str, dict[str, Any]]:
    """Return the config of the callback that lets the search end this run early; nothing where none runs it.

    A trial has the number of its job.
    """
    if not HydraConfig.initialized():
        return {}
    hydra = HydraConfig.get()
    path = Path(str(hydra.sweep.dir)) / STUDY
    if OmegaConf.is_missing(hydra.job, "num") or not path.is_file():
        return {}
    study = json.loads(path.read_bytes())
    return {"pruning": {"_target_": "trashseg.callbacks.pruning.Pruning", "number": int(hydra.job.num), **study}}
