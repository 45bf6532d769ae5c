"""Training steps that leave no trace, to see what they need."""

from __future__ import annotations

import copy
import gc
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.utilities.memory import is_oom_error

from trashseg.types import Batch

LEAST = 2
"""Images a process that batch norm needs to train on maps of one pixel."""


class Rehearsal:
    """Training steps of a copy of the network, on the run's device and at its precision.

    Args:
        trainer: of the run, whose processes are set up.
        module: of the run; it stays as it is.
        data: the data module; batches have its shape and made-up content.
    """

    def __init__(self, trainer: pl.Trainer, module: Any, data: Any) -> None:
        self.module, self.data = module, data
        self.precision, self.device = trainer.precision_plugin, trainer.strategy.root_device
        # Beside what a step keeps: averaged weights, and the buckets in which DDP exchanges gradients.
        averages = sum(isinstance(callback, WeightAveraging) for callback in trainer.callbacks)  # type: ignore[attr-defined]
        self.num_copies = averages + (trainer.world_size > 1)

    def fits(self, batch_size: int) -> bool:
        """Whether steps with ``batch_size`` images fit into the memory; changes no random state."""
        devices = [self.device] if self.device.type == "cuda" else []
        try:
            with torch.random.fork_rng(devices):
                self._steps(batch_size)
        except RuntimeError as error:
            if not (isinstance(error, torch.OutOfMemoryError) or is_oom_error(error)):
                raise
            return False
        finally:
            self._release()
        return True

    def _steps(self, batch_size: int) -> None:
        module: Any = self.precision.convert_module(copy.deepcopy(self.module)).to(self.device).train()
        beside = [parameter.detach().clone() for _ in range(self.num_copies) for parameter in module.parameters()]
        optimizer = module.recipe.optimizer(module.net)
        batch = self._training_batch(batch_size)
        # The second step meets the optimiser's state. Gradients stay, as between accumulated batches.
        for _ in range(2):
            with self.precision.train_step_context():
                loss: Any = torch.stack(list(module.losses(batch).values())).sum()
            loss.backward()
            optimizer.step()
        with torch.no_grad(), self.precision.val_step_context():
            module.eval().validation_step(self._validation_batch(batch_size), 0)
        del beside

    def _training_batch(self, num: int) -> Batch:
        """Return a batch of noise, in which every class is in every image, the most that a loss can meet."""
        side, num_classes = self.data.train_resize.image_size, len(self.module.table)
        return noise(num, side, num_classes, self.device, mixup=self.data.mix.mixup is not None)

    def _validation_batch(self, num: int) -> Batch:
        batch = noise(num, self.data.resize.image_size, len(self.module.table), self.device)
        batch["mask"] = list(batch["mask"])
        return batch

    def _release(self) -> None:
        gc.collect()  # graphs of autograd refer to themselves
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def noise(num: int, side: int, num_classes: int, device: torch.device, *, mixup: bool = False) -> Batch:
    """Return a training batch of made-up images (num, 3, side, side) and masks (num, side, side), uint8.

    Always the same one; torch's own random state stays.
    """
    generator = torch.Generator().manual_seed(0)

    def random(high: int, *shape: int) -> torch.Tensor:
        return torch.randint(0, high, shape, dtype=torch.uint8, generator=generator).to(device)

    batch: Batch = {
        "image": random(256, num, 3, side, side),
        "mask": random(num_classes, num, side, side),
        "index": list(range(num)),
        "name": [""] * num,
        "content": [(side, side)] * num,
        "size": [(side, side)] * num,
    }
    if mixup:
        batch |= {"mask_b": random(num_classes, num, side, side), "lam": 0.5}
    return batch
