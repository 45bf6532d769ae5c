"""Random numbers that depend on the epoch, not on what ran before it."""

from __future__ import annotations

import lightning.pytorch as pl
import numpy as np
import torch


class EpochSeed(pl.Callback):
    """Seed torch (dropout, drop path) at the start of each epoch from (seed, epoch, process).

    A run that was killed and resumed then draws what the uninterrupted run would have drawn; the data have their own
    streams, decided by (seed, epoch, photograph).

    Args:
        seed: the run's seed.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Seed every device of this process."""
        key = (self.seed, trainer.current_epoch, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
