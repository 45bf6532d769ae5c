"""Callbacks that the tests' configs name; processes of their own import them from this folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import lightning.pytorch as pl


class Disaster(pl.Callback):
    """Send this process, or that of one rank, a signal in the middle of an epoch."""

    def __init__(self, epoch: int, batch: int, name: str = "SIGKILL", rank: int | None = None) -> None:
        self.place, self.number, self.rank = (epoch, batch), signal.Signals[name], rank

    def on_train_batch_end(self, trainer: pl.Trainer, *args: object) -> None:
        if (trainer.current_epoch, args[-1]) == self.place and self.rank in (None, trainer.global_rank):
            # SLURM sends SIGTERM to the loading processes too.
            for child in multiprocessing.active_children() if self.number == signal.SIGTERM else ():
                os.kill(child.pid or 0, self.number)
            os.kill(os.getpid(), self.number)


class StopAfter(pl.Callback):
    """End the training after an epoch, as an exhausted budget of time would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, *_: object) -> None:
        trainer.should_stop = trainer.should_stop or trainer.current_epoch >= self.epoch


class Seen(pl.Callback):
    """Write down which photographs each process trains and validates on."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._note(trainer, "train", args[2]["name"])

    def on_validation_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        batch = args[2]
        if not trainer.sanity_checking:
            self._note(trainer, "val", [n for n, i in zip(batch["name"], batch["index"], strict=True) if i >= 0])

    def _note(self, trainer: pl.Trainer, part: str, names: list[str]) -> None:
        self.folder.mkdir(exist_ok=True)
        line = {"part": part, "epoch": trainer.current_epoch, "names": names, "size": trainer.world_size}
        with (self.folder / f"rank{trainer.global_rank}.jsonl").open("a") as stream:
            stream.write(json.dumps(line) + "\n")
