"""Weights & Biases, one run a training."""

from __future__ import annotations

import os
from typing import Any

from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from trashseg.sweep.trial import sweep_dir


class WandbRun(WandbLogger):
    """Lightning's logger, which leaves its run open: the next job of a sweep would write into the first one's.

    Args:
        offline: keep everything on this machine; no account is needed and nothing is asked or sent.
        group: what the run belongs to; None: in a sweep the name of its folder, otherwise nothing.
        others: the keywords of Lightning's WandbLogger.
    """

    def __init__(self, *, offline: bool = True, group: str | None = None, **others: Any) -> None:
        if offline:
            # wandb reports its own crashes to its makers.
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        if group is None and (folder := sweep_dir()) is not None:
            group = folder.name
        super().__init__(offline=offline, group=group, **others)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Close the run."""
        super().finalize(status)
        if self._experiment is not None:
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None
