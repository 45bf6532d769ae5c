"""An exponential moving average of the weights, which validates and is saved in place of the raw ones."""

from __future__ import annotations

import torch
from lightning.pytorch.callbacks import WeightAveraging


class EMA(WeightAveraging):
    """Average the weights (and batch-norm statistics) after every step.

    The average begins short, with decay (1 + n) / (10 + n) after n steps, so that a run of a few hundred steps is not
    dominated by its random start (Tarvainen and Valpola 2017, and TensorFlow's ExponentialMovingAverage).

    Args:
        decay: the final decay; 0.998 averages over about the last 500 steps.
    """

    def __init__(self, decay: float = 0.998) -> None:
        def average(
            averaged: list[torch.Tensor], current: list[torch.Tensor], num_averaged: torch.Tensor | int
        ) -> None:
            # AveragedModel hands over lists of one dtype; counters (int) are taken over as they are.
            if not averaged[0].is_floating_point():
                torch._foreach_copy_(averaged, current)
                return
            n = int(num_averaged)
            torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

        super().__init__(use_buffers=True, multi_avg_fn=average)
