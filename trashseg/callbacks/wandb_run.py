"""Weights & Biases, one run a training."""

from __future__ import annotations

import os
from typing import Any

from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only


class WandbRun(WandbLogger):
    """Lightning's logger, which leaves its run open: the next job of a sweep would write into the first one's.

    Args:
        offline: keep everything on this machine; no account is needed and nothing is asked or sent.
        others: the keywords of Lightning's WandbLogger.
    """

    def __init__(self, *, offline: bool = True, **others: Any) -> None:
        if offline:
            # wandb reports its own crashes to its makers.
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        super().__init__(offline=offline, **others)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Close the run."""
        super().finalize(status)
        if self._experiment is not None:
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None
