"""What makes a checkpoint complete: the config it was trained with and its classes."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl


class CarryConfig(pl.Callback):
    """Put a plain config and the class table into every checkpoint.

    Plain containers only, so that ``torch.load(weights_only=True)`` reads the file.

    Args:
        config: the resolved config.
        classes: ``{name: {id, ko, color}}``.
    """

    def __init__(self, config: dict[str, Any], classes: dict[str, Any]) -> None:
        self.config, self.classes = config, classes

    def on_save_checkpoint(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Add the entries ``config`` and ``classes``."""
        checkpoint["config"] = self.config
        checkpoint["classes"] = self.classes
