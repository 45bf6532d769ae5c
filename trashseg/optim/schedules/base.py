"""What schedules share: their interface, the warm-up, and lengths in steps or shares."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from trashseg.types import ConfigError


class Schedule(ABC):
    """What :class:`trashseg.optim.Recipe` needs of a schedule."""

    @abstractmethod
    def build(self, optimizer: Optimizer, total_steps: float) -> dict[str, Any]:
        """Return Lightning's ``lr_scheduler`` mapping for a training of ``total_steps`` optimiser steps.

        Raises:
            ConfigError: ``total_steps`` is not a number of at least 1 and the schedule needs its end.
        """


@dataclass(frozen=True, kw_only=True)
class Curve(Schedule):
    """A factor of the learning rate as a function of the step, after a linear warm-up.

    In a warm-up of w steps, step i (from 0) has the factor (i + 1) / (w + 1). Two steps of a training whose warm-up
    is longer are simply its first two.
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a negative warm-up."""
        check("warmup", self.warmup, self.warmup >= 0, "a share of the training below 1, or steps")

    @abstractmethod
    def shape(self, step: int, total: int) -> float:
        """Return the factor at ``step`` of ``total``, both counted from the end of the warm-up."""

    def factor(self, step: int, total: int) -> float:
        """Return the factor at ``step`` (from 0) of a training of ``total`` steps."""
        warmup = steps(self.warmup, total)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return self.shape(step - warmup, max(total - warmup, 1))

    def build(self, optimizer: Optimizer, total_steps: float) -> dict[str, Any]:
        """Return a scheduler that is stepped after every optimiser step."""
        # A partial, not a closure: it pickles, and LambdaLR writes nothing of it into the checkpoint.
        curve = functools.partial(self.factor, total=checked_total(total_steps))
        return {"scheduler": LambdaLR(optimizer, curve), "interval": "step", "frequency": 1}


def steps(value: float, total: int) -> int:
    """Return a length from the config in steps: a share of ``total`` below 1, steps from 1 on."""
    return round(value * total) if value < 1 else int(value)


def checked_total(total_steps: float) -> int:
    """Return the number of steps of a training that has an end.

    Raises:
        ConfigError: it is infinite or below 1.
    """
    if not (math.isfinite(total_steps) and total_steps >= 1):
        raise ConfigError(
            f"the training has {total_steps} steps, and this schedule needs to know its end; "
            "type trainer.max_epochs=N (N at least 1), or optim/schedule=plateau, which needs no end."
        )
    return int(total_steps)


def check_share(key: str, value: float) -> None:
    """Refuse a value outside 0..1 with a ConfigError."""
    check(key, value, 0 <= value <= 1, "a number from 0 to 1")


def check(key: str, value: object, good: bool, allowed: str) -> None:
    """Refuse a value of ``optim.schedule`` that is not ``good`` with a ConfigError."""
    if not good:
        raise ConfigError(f"optim.schedule.{key} is {value}; give {allowed}.")
