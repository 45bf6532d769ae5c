"""The largest batch that the device takes, at the same effective batch."""

from __future__ import annotations

import logging
from typing import Any

import lightning.pytorch as pl
import torch

from trashseg.callbacks.rehearsal import LEAST, Rehearsal

log = logging.getLogger(__name__)


class AutoBatch(pl.Callback):
    """Find the largest batch that fits into the device's memory and divides the effective batch, and train with it.

    The effective batch, data.batch_size times trainer.accumulate_grad_batches photographs a process, stays: what does
    not fit at once is accumulated. Batches are tried from the largest down, each by two steps (forward, backward,
    optimiser) of a copy of the network, so that weights, statistics and random numbers of the training are as if
    nothing had been tried. All processes take what fits for each of them.

    Raises:
        torch.OutOfMemoryError: nothing fits.
    """

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Choose the batch: the processes know each other by now, and neither loaders nor schedules are made yet."""
        if stage != "fit":
            return
        data: Any = trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it where mypy does not look
        effective: int = data.batch_size * trainer.accumulate_grad_batches
        rehearsal = Rehearsal(trainer, pl_module, data)
        tried: list[str] = []
        own = torch.tensor(largest_batch(effective, rehearsal, tried), device=trainer.strategy.root_device)
        chosen = int(trainer.strategy.reduce(own, reduce_op="min"))
        if not chosen:
            raise torch.OutOfMemoryError(f"no batch fits; tried {', '.join(tried)}")
        set_batch(trainer, data, chosen)
        log.info(
            "auto_batch: tried %s; data.batch_size=%d trainer.accumulate_grad_batches=%d, the effective batch stays %d",
            ", ".join(tried), chosen, trainer.accumulate_grad_batches, effective,
        )  # fmt: skip


def set_batch(trainer: pl.Trainer, data: Any, chosen: int) -> None:
    """Train with batches of ``chosen`` photographs at the same effective batch, as many photographs an epoch."""
    before = data.batch_size
    trainer.accumulate_grad_batches = before * trainer.accumulate_grad_batches // chosen
    limit: int | float = trainer.limit_train_batches
    if isinstance(limit, int):
        trainer.limit_train_batches = -(-limit * before // chosen)
    data.batch_size = chosen


def candidates(effective: int) -> list[int]:
    """Return the batches to try, the largest first: divisors of ``effective`` from two on, or 1 of 1."""
    return [size for size in range(effective, 0, -1) if effective % size == 0 and size >= min(LEAST, effective)]


def largest_batch(effective: int, rehearsal: Rehearsal, tried: list[str]) -> int:
    """Return the first of the candidates that fits, 0 where none does, and note in ``tried`` what became of each."""
    for size in candidates(effective):
        fits = rehearsal.fits(size)
        tried.append(f"{size} ({'fits' if fits else 'out of memory'})")
        if fits:
            return size
    return 0
