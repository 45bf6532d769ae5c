"""Schedules that are a factor as a function of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trashseg.optim.schedules.base import Curve, check, check_share, steps


@dataclass(frozen=True, kw_only=True)
class Constant(Curve):
    """The learning rate stays."""

    def shape(self, step: int, total: int) -> float:  # noqa: ARG002 - the same everywhere
        """Return 1."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Poly(Curve):
    """Down to ``min_factor`` as ``(1 - progress)**power``, segmentation's habit since DeepLab (Chen et al. 2017)."""

    power: float = 0.9
    min_factor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a power that is not above 0."""
        super().__post_init__()
        check("power", self.power, self.power > 0, "a number above 0")
        check_share("min_factor", self.min_factor)

    def shape(self, step: int, total: int) -> float:
        """Return the factor."""
        left: float = (1 - min(step / total, 1.0)) ** self.power
        return self.min_factor + (1 - self.min_factor) * left


@dataclass(frozen=True, kw_only=True)
class Cosine(Curve):
    """Half a cosine down to ``min_factor`` (Loshchilov and Hutter 2017, without restarts)."""

    min_factor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a floor outside 0..1."""
        super().__post_init__()
        check_share("min_factor", self.min_factor)

    def shape(self, step: int, total: int) -> float:
        """Return the factor."""
        return _half_cosine(min(step / total, 1.0), self.min_factor)


@dataclass(frozen=True, kw_only=True)
class CosineRestarts(Curve):
    """Half cosines that start again (SGDR, Loshchilov and Hutter 2017), each ``mult`` times as long as the last.

    ``first_cycle`` is a share of the steps after the warm-up, or a number of steps.
    """

    first_cycle: float = 0.25
    mult: float = 1.0
    min_factor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse cycles that are empty or shrink."""
        super().__post_init__()
        check("first_cycle", self.first_cycle, self.first_cycle > 0, "a share above 0 and below 1, or steps")
        check("mult", self.mult, self.mult >= 1, "a number of at least 1")
        check_share("min_factor", self.min_factor)

    def shape(self, step: int, total: int) -> float:
        """Return the factor."""
        length: float = max(steps(self.first_cycle, total), 1)
        left: float = step
        if self.mult == 1:
            left = step % length
        while left >= length:
            left -= length
            length *= self.mult
        return _half_cosine(left / length, self.min_factor)


@dataclass(frozen=True, kw_only=True)
class Cyclic(Curve):
    """Up and down in straight lines between ``min_factor`` and ``max_factor`` (Smith 2017, "triangular").

    ``half_cycle`` is the way up, a share of the steps after the warm-up or a number of steps; the way down is as long.
    """

    half_cycle: float = 0.1
    min_factor: float = 0.1
    max_factor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an empty cycle or a top below the bottom."""
        super().__post_init__()
        check("half_cycle", self.half_cycle, self.half_cycle > 0, "a share above 0 and below 1, or steps")
        check("min_factor", self.min_factor, self.min_factor >= 0, "a number of at least 0")
        above = self.max_factor >= self.min_factor
        check("max_factor", self.max_factor, above, f"at least min_factor, {self.min_factor:g}")

    def shape(self, step: int, total: int) -> float:
        """Return the factor."""
        half = max(steps(self.half_cycle, total), 1)
        height = 1 - abs(step % (2 * half) / half - 1)
        return self.min_factor + (self.max_factor - self.min_factor) * height


@dataclass(frozen=True, kw_only=True)
class Step(Curve):
    """Times ``gamma`` at each milestone, a share of the whole training or a step, counted from its start."""

    milestones: Sequence[float] = (0.7, 0.9)
    gamma: float = 0.1

    def __post_init__(self) -> None:
        """Refuse milestones before the start and a factor that is not above 0."""
        super().__post_init__()
        ahead = bool(self.milestones) and min(self.milestones) > 0
        check("milestones", list(self.milestones), ahead, "shares of the training below 1, or steps, each above 0")
        check("gamma", self.gamma, self.gamma > 0, "a number above 0")

    def factor(self, step: int, total: int) -> float:
        """Return the factor; milestones do not wait for the warm-up."""
        passed = sum(step >= steps(milestone, total) for milestone in self.milestones)
        return super().factor(step, total) * self.gamma**passed

    def shape(self, step: int, total: int) -> float:  # noqa: ARG002 - the milestones are in factor
        """Return 1."""
        return 1.0


def _half_cosine(progress: float, floor: float) -> float:
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))
