"""Weighted sums of losses, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import torch
from torch import Tensor, nn

from trashseg.losses.base import PixelLoss, check_range
from trashseg.types import ConfigError


class Term(TypedDict):
    """One part of a :class:`WeightedSum`."""

    weight: float
    loss: nn.Module


class WeightedSum(PixelLoss):
    """The sum of ``weight * loss`` over named terms, so that one can be overridden: ``loss.terms.dice.weight=.5``.

    A term with weight 0 is not computed.
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        """Take the terms apart.

        Raises:
            ConfigError: a weight is negative or not a number, or none is above zero.
        """
        super().__init__()
        self.weights = {name: check_range(f"loss.terms.{name}.weight", t["weight"], 0) for name, t in terms.items()}
        if not any(self.weights.values()):
            raise ConfigError(f"loss.terms has weights {self.weights}; at least one must be above 0.")
        self.losses = nn.ModuleDict({name: term["loss"] for name, term in terms.items() if self.weights[name]})

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the weighted sum as a scalar."""
        parts = [self.weights[name] * loss(logits, target) for name, loss in self.losses.items()]
        return torch.stack(parts).sum()
