"""torch's schedules that are more than a factor of the step: one-cycle moves momentum, plateau watches a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from trashseg.optim.schedules.base import Schedule, check, check_share, checked_total


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """Up from ``lr / div_factor``, then down to nearly nothing, momentum the other way (Smith and Topin 2018).

    torch's ``OneCycleLR`` with each group's own learning rate as its maximum. Momentum is cycled where the optimiser
    has one.
    """

    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    base_momentum: float = 0.85
    max_momentum: float = 0.95

    def __post_init__(self) -> None:
        """Refuse factors that would turn the cycle round."""
        check("pct_start", self.pct_start, 0 <= self.pct_start < 1, "a number from 0 to below 1")
        for key in ("div_factor", "final_div_factor"):
            check(key, getattr(self, key), getattr(self, key) >= 1, "a number of at least 1")

    def build(self, optimizer: Optimizer, total_steps: float) -> dict[str, Any]:
        """Return a scheduler that is stepped after every optimiser step."""
        total = checked_total(total_steps)
        start = float(self.pct_start)
        if start * total == 1:  # a first phase of exactly one step makes torch divide by zero
            start *= 1 + 1e-9
        scheduler = OneCycleLR(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=total,
            pct_start=start,
            div_factor=self.div_factor,
            final_div_factor=self.final_div_factor,
            cycle_momentum=not {"momentum", "betas"}.isdisjoint(optimizer.defaults),
            base_momentum=self.base_momentum,
            max_momentum=self.max_momentum,
        )
        return {"scheduler": scheduler, "interval": "step", "frequency": 1}


@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """Times ``factor`` when ``monitor`` has not improved for ``patience`` epochs, never below ``min_factor``."""

    monitor: str = "val/miou"
    mode: Literal["min", "max"] = "max"
    factor: float = 0.5
    patience: int = 5
    min_factor: float = 0.001

    def __post_init__(self) -> None:
        """Refuse a factor that would not lower the rate."""
        check("mode", self.mode, self.mode in ("min", "max"), "min or max")
        check("factor", self.factor, 0 < self.factor < 1, "a number above 0 and below 1")
        check("patience", self.patience, self.patience >= 0, "a number of epochs")
        check_share("min_factor", self.min_factor)

    def build(self, optimizer: Optimizer, total_steps: float) -> dict[str, Any]:  # noqa: ARG002 - has no end
        """Return a scheduler that is stepped after every epoch with the value of ``monitor``."""
        scheduler = ReduceLROnPlateau(
            optimizer,
            mode=self.mode,
            factor=self.factor,
            patience=self.patience,
            min_lr=[group["lr"] * self.min_factor for group in optimizer.param_groups],
        )
        return {"scheduler": scheduler, "interval": "epoch", "frequency": 1, "monitor": self.monitor, "strict": True}
