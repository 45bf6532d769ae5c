"""Checkpoints that are on disk whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from trashseg.files import atomic_file
from trashseg.types import CheckpointError


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
        """Write ``checkpoint`` to ``path``.

        Raises:
            CheckpointError: it cannot be written, as on a full disk; an earlier file of this name stays.
        """
        try:
            with atomic_file(path) as temporary:
                torch.save(checkpoint, temporary)
        # torch's writer makes a RuntimeError of most failures to write.
        except (OSError, RuntimeError) as error:
            raise CheckpointError(_cannot_save(Path(path), error)) from error


def _cannot_save(path: Path, error: Exception) -> str:
    reason = " ".join(str(error).split())[:150]
    free = shutil.disk_usage(path.parent).free / 1e6 if path.parent.is_dir() else 0.0
    kept = "the earlier one is kept" if path.is_file() else "there is no earlier one"
    return (
        f"{path} cannot be saved: {reason} ({free:.0f} MB of that disk are free; {kept}). Free some space and repeat "
        f"the command with resume=auto hydra.run.dir={path.parent.parent} to go on."
    )
