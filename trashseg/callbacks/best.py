"""The best checkpoint of a finished run."""

from __future__ import annotations

import math
from pathlib import Path

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint


def best_checkpoint(trainer: pl.Trainer) -> tuple[Path | None, float]:
    """Return the path and score of the callback that monitors a score, else the last saved path and NaN."""
    found: tuple[Path | None, float] = (None, math.nan)
    for callback in trainer.checkpoint_callbacks:
        if not isinstance(callback, ModelCheckpoint) or not callback.best_model_path:
            continue
        if callback.monitor is not None and callback.best_model_score is not None:
            return Path(callback.best_model_path), float(callback.best_model_score)
        found = (Path(callback.best_model_path), math.nan)
    return found
