"""What lets a run survive the night: where it goes on, and what its failures mean."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from trashseg.checkpoint import find_checkpoint
from trashseg.sweep.outcome import is_first_process
from trashseg.types import ConfigError, TrashsegError

FULL = (errno.ENOSPC, errno.EDQUOT)


def start_from(resume: str | None, ckpt_path: str | None, run_dir: Path) -> Path | None:
    """Return the checkpoint that a training goes on from, None to begin.

    Args:
        resume: ``auto``: this run folder's own ``last.ckpt`` where there is one; else as None.
        ckpt_path: see :func:`find_checkpoint`; None: begin.
        run_dir: this run's folder.

    Raises:
        ConfigError: ``resume`` is something else.
        CheckpointError: ``ckpt_path`` names nothing.
    """
    if resume not in (None, "auto"):
        raise ConfigError(f"resume={resume}; give resume=auto, or ckpt_path={resume} for a certain checkpoint.")
    own = run_dir / "checkpoints" / "last.ckpt"
    if resume == "auto" and own.is_file():
        return own
    return find_checkpoint(ckpt_path, run_dir) if ckpt_path else None


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed process left beside what it was writing; the first process does."""
    if not is_first_process():
        return
    for path in folder.rglob(".*.tmp.*"):
        path.unlink(missing_ok=True)


@contextmanager
def explained(trainer: pl.Trainer, config: Mapping[str, Any]) -> Iterator[None]:
    """Turn what ends a training from outside into one line that says what to do.

    Args:
        trainer: runs the training inside the block.
        config: the run's plain config.

    Raises:
        TrashsegError: the device's memory or the disk is full.
        SystemExit: with 143, as for any program that SIGTERM ends, once the current step is done; with 0 in the other
            processes, since Lightning kills the first one when it sees another end otherwise.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrashsegError(memory_advice(config)) from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise TrashsegError(
            f"the disk is full ({error}); free some space and repeat the command with resume=auto "
            f"hydra.run.dir={config['run_dir']} to go on."
        ) from error
    except (SIGTERMException, RuntimeError):
        # SLURM sends the signal to the loading processes too, and torch reports their end as an error.
        if not trainer.received_sigterm:
            raise
        raise SystemExit(128 + signal.SIGTERM if is_first_process() else 0) from None


def memory_advice(config: Mapping[str, Any]) -> str:
    """Say which settings need less memory, with the values of ``config``, the mildest change first."""
    data, trainer = config["data"], config["trainer"]
    # Where the batch was looked for, no smaller one is left to try.
    advice = [] if trainer.get("auto_batch") else _smaller_batches(data["batch_size"], trainer)
    if config["model"].get("grad_checkpointing") is False:
        advice.append("model.grad_checkpointing=true (now false)")
    if str(trainer["precision"]).startswith("32"):
        advice.append(f"trainer.precision=16-mixed (now {trainer['precision']})")
    size = data.get("crop_size") or data["image_size"]
    advice.append(f"a smaller data.image_size or data.crop_size (now {data['image_size']} and {size})")
    return f"the device's memory is too small for this training; try, in this order: {'; '.join(advice)}."


def _smaller_batches(batch: int, trainer: Mapping[str, Any]) -> list[str]:
    """Return the ways to fewer photographs at once at the same effective batch."""
    advice, accumulated = [], trainer["accumulate_grad_batches"]
    if batch > 2 and "auto_batch" in trainer:
        advice.append("trainer.auto_batch=true (the largest batch that fits, at the same effective batch)")
    if batch > 1:
        advice.append(
            f"data.batch_size={batch // 2} trainer.accumulate_grad_batches={accumulated * 2} (the same effective batch;"
            f" now {batch} and {accumulated})"
        )
    return advice
