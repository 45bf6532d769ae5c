"""The time, memory and loss of training steps, taken while Lightning makes them."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as pl
import torch

MEGA = 2**20


@dataclass(frozen=True)
class Timing:
    """What a step costs; a step is one of the optimiser, with all the batches that it accumulates.

    Args:
        step_ms: milliseconds a step, the median.
        images_per_s: photographs a second.
        memory_mb: MiB that torch held at most during the measured steps; None on a CPU.
        first_s: seconds of the first step, compiling included.
        losses: of the first steps, each the mean over its batches.
    """

    step_ms: float
    images_per_s: float
    memory_mb: float | None
    first_s: float
    losses: tuple[float, ...]


class Stopwatch(pl.Callback):
    """Time the steps of a training without making the device wait.

    Args:
        warmup: the first so many steps do not count.
        num_losses: the losses of the first so many steps are kept.
    """

    def __init__(self, warmup: int, num_losses: int) -> None:
        self.warmup, self.num_losses = warmup, num_losses
        self._marks: list[Any] = []
        self._losses: list[torch.Tensor] = []
        self._peak_mb: float | None = None

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Note when a step begins."""
        if batch_idx % trainer.accumulate_grad_batches:
            return
        if len(self._marks) == self.warmup:
            forget_peak(pl_module.device)
        self._marks.append(mark(pl_module.device))

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any) -> None:
        """Keep the loss, and note when the last step ends."""
        if len(self._losses) < self.num_losses * trainer.accumulate_grad_batches:
            self._losses.append(outputs["loss"].detach())
        if trainer.is_last_batch:
            self._peak_mb = peak_mb(pl_module.device)
            self._marks.append(mark(pl_module.device))

    def timing(self, num_images: int) -> Timing:
        """Return what was measured.

        Args:
            num_images: photographs a step.
        """
        times = milliseconds(self._marks)
        median = statistics.median(times[self.warmup :])
        # Lightning has divided them by the number of batches a step.
        per_step = torch.stack(self._losses).float().view(self.num_losses, -1).sum(1)
        losses = tuple(per_step.tolist())
        return Timing(median, 1000 * num_images / median, self._peak_mb, times[0] / 1000, losses)


def forget_peak(device: torch.device) -> None:
    """Count the peak of torch's tensors from now on."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_mb(device: torch.device) -> float | None:
    """Return the MiB that torch's tensors took at most since the last reset; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / MEGA if device.type == "cuda" else None


def mark(device: torch.device) -> Any:
    """Return now: an event that the GPU reaches in its own time, or seconds on a CPU."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event


def milliseconds(marks: Sequence[Any]) -> list[float]:
    """Return the times between neighbouring marks, once the device has reached the last one."""
    if isinstance(marks[0], float):
        return [1000 * (end - begin) for begin, end in itertools.pairwise(marks)]
    torch.cuda.synchronize()
    return [begin.elapsed_time(end) for begin, end in itertools.pairwise(marks)]
