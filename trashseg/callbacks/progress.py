"""A bar in a terminal, and one line an epoch everywhere."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import TQDMProgressBar


class Progress(TQDMProgressBar):
    """Print a line after each epoch: mean training loss, validation loss and mIoU, the best so far, seconds.

    The moving bar appears in a terminal only: in a log file it would be thousands of lines.
    """

    def __init__(self) -> None:
        super().__init__(refresh_rate=1 if sys.stderr.isatty() else 0, leave=False)
        self._best = -math.inf
        self._start = 0.0
        self._loss: list[Any] = []
        self._taken_up: list[float] = []  # losses of an epoch that goes on
        self._validated = False

    def on_train_epoch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        """Start the epoch's clock."""
        super().on_train_epoch_start(trainer, *args)
        self._start = time.monotonic()
        self._loss, self._taken_up = [*self._taken_up], []
        self._validated = False

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *args: Any) -> None:
        """Keep the batch's loss, on its device: reading it here would make every step wait."""
        super().on_train_batch_end(trainer, pl_module, outputs, *args)
        self._loss.append(outputs["loss"].detach())

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note that this epoch has scores: with check_val_every_n_epoch those of an earlier one are still around."""
        super().on_validation_epoch_end(trainer, pl_module)
        self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the epoch's line."""
        super().on_train_epoch_end(trainer, pl_module)
        if not trainer.is_global_zero:
            return
        epochs = f"{trainer.current_epoch + 1:>3}/{trainer.max_epochs}"
        train_loss = sum(float(loss) for loss in self._loss) / max(1, len(self._loss))
        self._loss = []  # the next checkpoint is of no running epoch
        seconds = time.monotonic() - self._start
        print(f"epoch {epochs}  train loss {train_loss:.4f}  {self._scores(trainer)}{seconds:.0f} s", flush=True)

    def _scores(self, trainer: pl.Trainer) -> str:
        """Return the validation part of the epoch's line, with a star where the score is the best so far."""
        if not self._validated:
            return ""
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        miou = values.get("val/miou", math.nan)
        mark = " *" if miou > self._best else ""
        self._best = max(self._best, miou) if not math.isnan(miou) else self._best
        return f"val loss {values.get('val/loss', math.nan):.4f}  val mIoU {miou:.4f}{mark:<2}  "

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Leave the logger's version number out of the bar."""
        items = super().get_metrics(trainer, pl_module)
        items.pop("v_num", None)
        return items

    def state_dict(self) -> dict[str, Any]:
        """Keep the best score over a resume, and the losses of an epoch that goes on."""
        return {"best": self._best, "losses": [float(loss) for loss in self._loss]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the best score of the interrupted run."""
        self._best, self._taken_up = float(state_dict["best"]), state_dict.get("losses", [])
