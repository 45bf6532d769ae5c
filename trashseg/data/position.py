"""Where in an epoch a training is."""

from __future__ import annotations

import lightning.pytorch as pl


def batches_done(trainer: pl.Trainer) -> int:
    """Return how many batches of the running epoch are trained; 0 between two epochs, from its last batch on."""
    loop = trainer.fit_loop
    epochs, batches = loop.epoch_progress.current, loop.epoch_loop.batch_progress
    between = epochs.started == epochs.processed  # type: ignore[attr-defined]  # Lightning declares a wider class
    return 0 if between or batches.is_last_batch else batches.current.processed  # type: ignore[attr-defined]
