"""An exponential moving average of the weights, which validates and is saved in place of the raw ones."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn


class EMA(WeightAveraging):
    """Average the weights (and batch-norm statistics) after every step.

    The average begins short, with decay (1 + n) / (10 + n) after n steps, so that a run of a few hundred steps is not
    dominated by its random start (Tarvainen and Valpola 2017, and TensorFlow's ExponentialMovingAverage). The first
    step's weights are taken over as they are.

    Args:
        decay: the final decay; 0.998 averages over about the last 500 steps.
    """

    def __init__(self, decay: float = 0.998) -> None:
        super().__init__(use_buffers=True)
        self.decay = decay
        self._floats: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._others: tuple[list[Tensor], list[Tensor]] = ([], [])

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Bring the average to the network's device, and pair its tensors with the network's."""
        assert self._average_model is not None
        # Lightning makes the average before it moves the network to its device: every step would copy all weights to
        # the CPU. The count of steps stays there, so that reading it does not wait for the device.
        average = self._average_model.module.to(pl_module.device)
        pairs = list(zip(_tensors(average), _tensors(pl_module), strict=True))
        self._floats = _unzip([pair for pair in pairs if pair[0].is_floating_point()])
        self._others = _unzip([pair for pair in pairs if not pair[0].is_floating_point()])

    @torch.no_grad()
    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Move the average towards the new weights, once an optimiser step."""
        if trainer.global_step <= self._latest_update_step:
            return
        assert self._average_model is not None
        count = self._average_model.n_averaged
        n = int(count)
        torch._foreach_lerp_(*self._floats, 1.0 if n == 0 else 1 - min(self.decay, (1 + n) / (10 + n)))
        if self._others[0]:
            # Counters of batches are no average.
            torch._foreach_copy_(*self._others)
        count += 1
        self._latest_update_step = trainer.global_step


def _tensors(module: nn.Module) -> list[Tensor]:
    """Return parameters and buffers, in the order that is the same for a module and its copy."""
    return [*module.parameters(), *module.buffers()]


def _unzip(pairs: list[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    return [average for average, _ in pairs], [current for _, current in pairs]
