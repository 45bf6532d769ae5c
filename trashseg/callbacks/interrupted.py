"""A run that SIGTERM ends is saved where it is; and what to type after that, or after Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import distributed

from trashseg.callbacks.random_states import States, gather_states, restore_states
from trashseg.data.position import batches_done

STATES = "random_states"
"""The checkpoint's entry for the random numbers of a run that stopped within an epoch."""


class Interrupted(pl.Callback):
    """Save ``last.ckpt`` within an epoch when SIGTERM comes, and say in one line how an interrupted run goes on.

    The signal is noted when it comes and acted upon after the next whole optimiser step, by all processes after the
    same one: gradients that are still being accumulated are in no checkpoint. Where validation follows, the epoch ends
    as usual and is saved then. (Lightning's own handler talks to the other processes from within the signal, at any
    moment of their exchange of gradients, and ends the run without saving.)

    It must be the last of the callbacks, so that the others are done with the step.

    Args:
        run_dir: the run's folder.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._received = False
        self._saved = False
        self._states: list[States] | None = None  # from the checkpoint, until they are restored
        self._group: Any = None  # of all processes, on the CPU

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over SIGTERM; prepare an epoch that goes on."""
        # What came during the setup is acted upon later, too.
        self._received = trainer.received_sigterm
        _tell_lightning(trainer, False)
        if trainer.world_size > 1:
            # The processes agree after every step; through the GPUs each step would wait for them.
            self._group = distributed.new_group(backend="gloo")
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._note)
        if self._states is not None:
            # For an epoch that goes on Lightning does not call this hook, in which the others prepare themselves.
            for callback in trainer.callbacks:  # type: ignore[attr-defined]  # Lightning sets it where mypy does not look
                callback.on_train_epoch_start(trainer, pl_module)

    def on_train_batch_start(self, trainer: pl.Trainer, *args: Any) -> None:  # noqa: ARG002 - Lightning's signature
        """Before the first batch of an epoch that goes on: draw what the uninterrupted run would have drawn."""
        if self._states is not None:
            restore_states(self._states[trainer.global_rank], trainer.strategy.root_device)
            self._states = None

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Save and stop where the signal came and a step is complete."""
        if can_stop(trainer, batch_idx) and self._came_to_any():
            trainer.save_checkpoint(self._path, weights_only=False)
            self._saved = True
            _tell_lightning(trainer, True)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Stop after the epoch, whose checkpoints are about to be written."""
        _tell_lightning(trainer, self._came_to_any())

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Within an epoch, add the random numbers of all processes; between two, the next one seeds anew."""
        if batches_done(trainer):
            checkpoint[STATES] = gather_states(trainer.strategy.root_device)

    def on_load_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Take the random numbers of a run that stopped within an epoch."""
        self._states = checkpoint.get(STATES)

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        exception: BaseException,
    ) -> None:
        """Print the line where someone stopped the run; other errors speak for themselves."""
        _tell_lightning(trainer, trainer.received_sigterm or self._received)
        if (isinstance(exception, KeyboardInterrupt) or trainer.received_sigterm) and trainer.is_global_zero:
            print(f"\ninterrupted in epoch {trainer.current_epoch + 1}: {self._todo()}", flush=True)

    def _todo(self) -> str:
        if not self._path.is_file():
            return "nothing was saved yet, so nothing is kept"
        place = "there" if self._saved else "the last checkpoint"
        return f"repeat the command with ckpt_path=last hydra.run.dir={self.run_dir} to go on from {place}"

    @property
    def _path(self) -> Path:
        return self.run_dir / "checkpoints" / "last.ckpt"

    def _note(self, *_: object) -> None:
        self._received = True

    def _came_to_any(self) -> bool:
        if self._group is None:
            return self._received
        received = torch.tensor(self._received, dtype=torch.uint8)
        distributed.all_reduce(received, distributed.ReduceOp.MAX, group=self._group)
        return bool(received)


def can_stop(trainer: pl.Trainer, batch_idx: int) -> bool:
    """Whether a run can be saved after this batch: its gradients are used up, and no validation follows."""
    last, every = trainer.is_last_batch, trainer.val_check_batch
    validates = isinstance(every, int) and (batch_idx + 1) % every == 0
    return not (last or validates or trainer.fit_loop._should_accumulate())


def _tell_lightning(trainer: pl.Trainer, received: bool) -> None:
    """Let Lightning end the run after this step, or not."""
    trainer._signal_connector.received_sigterm = received
