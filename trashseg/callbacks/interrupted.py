"""What to type after Ctrl-C or SIGTERM."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl


class Interrupted(pl.Callback):
    """Say in one line how an interrupted run goes on.

    Args:
        run_dir: the run's folder.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        exception: BaseException,
    ) -> None:
        """Print the line where someone stopped the run; other errors speak for themselves."""
        stopped = isinstance(exception, KeyboardInterrupt) or trainer.received_sigterm
        if not stopped or not trainer.is_global_zero:
            return
        if (self.run_dir / "checkpoints" / "last.ckpt").is_file():
            todo = f"repeat the command with ckpt_path=last hydra.run.dir={self.run_dir} to go on from the epoch before"
        else:
            todo = "no epoch was finished, so nothing is kept"
        print(f"\ninterrupted in epoch {trainer.current_epoch + 1}: {todo}", flush=True)
