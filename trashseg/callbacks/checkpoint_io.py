"""Checkpoints that are on disk whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from trashseg.files import atomic_file


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its place and rename it.

    Lightning writes into the system's temporary folder and moves the file; where that is another disk, the move is a
    copy, and a kill during it leaves half a ``last.ckpt``.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any | None = None,  # noqa: ARG002 - Lightning's signature
    ) -> None:
        """Write ``checkpoint`` to ``path``."""
        with atomic_file(path) as temporary:
            torch.save(checkpoint, temporary)
