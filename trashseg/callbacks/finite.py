"""A loss that is no number ends the run before it reaches a checkpoint."""

from __future__ import annotations

from itertools import chain
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from trashseg.data.position import batches_done
from trashseg.types import TrashsegError

ADVICE = (
    "No checkpoint holds it. Lower optim.lr, or give trainer.precision=32-true; debug=anomaly stops at the "
    "operation that made it."
)


class Finite(pl.Callback):
    """Stop a training whose loss or weights are NaN or infinite.

    The losses stay on their device and are read together every ``trainer.log_every_n_steps`` batches, before validation
    and at the end of an epoch, so that no step waits for the device and no checkpoint holds a NaN. All processes
    stop together.

    Raises:
        TrashsegError: at a reading, naming the first such batch.
    """

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._first = 0  # the batch of the first loss kept

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Begin to count batches."""
        self._losses, self._first = [], 0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Keep the batch's loss."""
        if not self._losses:
            self._first = batch_idx  # an epoch that goes on begins with another than the first
        self._losses.append(outputs["loss"].detach())
        every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]  # Lightning sets it where mypy does not look
        if len(self._losses) >= every:
            self._check_losses(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Spare the validation of a network that is lost."""
        self._check_losses(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check before the epoch's checkpoint."""
        self._check_all(trainer, pl_module)

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        checkpoint: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """Check before a checkpoint within an epoch; one between two epochs has been checked for."""
        if batches_done(trainer):
            self._check_all(trainer, pl_module)

    def _check_all(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check losses and weights, which a last step may spoil after a loss that was fine."""
        self._check_losses(trainer)
        tensors = chain(pl_module.parameters(), pl_module.buffers())
        finite = [value.detach().isfinite().all() for value in tensors if value.is_floating_point()]
        if not _everywhere(trainer, finite):
            raise TrashsegError(f"weights are NaN or infinite in epoch {trainer.current_epoch + 1}. {ADVICE}")

    def _check_losses(self, trainer: pl.Trainer) -> None:
        losses, first = self._losses, self._first
        self._losses, self._first = [], first + len(losses)
        finite = [loss.isfinite() for loss in losses]
        if _everywhere(trainer, finite):
            return
        # Another process may have met it while this one's losses are fine.
        bad = [i for i, fine in enumerate(finite) if not fine]
        where = f"batch {first + bad[0] + 1}" if bad else f"a batch before {self._first + 1}"
        value = f" ({float(losses[bad[0]])})" if bad else ""
        raise TrashsegError(
            f"the training loss is NaN or infinite{value} in {where} of epoch {trainer.current_epoch + 1}. {ADVICE}"
        )


def _everywhere(trainer: pl.Trainer, flags: list[Tensor]) -> bool:
    """Whether all flags (scalars on one device) are true, on all processes; waits for the device."""
    return trainer.strategy.reduce_boolean_decision(bool(torch.stack(flags).all()) if flags else True)
