"""Every combination once, as a sampler of a search."""

from __future__ import annotations

import warnings
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BruteForceSampler


class Grid(BruteForceSampler):
    """Optuna's, which at the last combination stops a loop of Optuna's that a search of ours does not have.

    Args:
        seed: of the order.
    """

    def __init__(self, seed: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            super().__init__(seed)

    def after_trial(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: a search makes no more trials than there are combinations."""
