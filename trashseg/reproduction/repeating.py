"""The repetition: the same training with the same resolved config, as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from trashseg.files import atomic_file
from trashseg.reproduction.original import Original
from trashseg.sweep.job import quoted
from trashseg.sweep.process import run_process
from trashseg.types import TrashsegError

CONFIG = "again"
"""Name of the config of the repetition, beside its run folder."""


def repeat(original: Original, folder: Path) -> Path:
    """Train as ``original`` did, into ``folder/run``, and return that folder.

    The config is the recorded one, not composed anew: other defaults, another environment or other options of this
    version of trashseg change nothing. Only paths into the original's folder become paths into the new one.

    Raises:
        TrashsegError: the training failed; it has said why.
    """
    run_dir = folder / "run"
    write_config(original, folder / f"{CONFIG}.yaml", run_dir)
    command = [sys.executable, "-m", "trashseg.train", "--config-dir", str(folder), "--config-name", CONFIG]
    command += [f"hydra.run.dir={quoted(run_dir)}"]
    # A process of its own: Lightning starts the ranks of a DDP run from the command line of the training.
    status = run_process(command, os.environ, str(original.working_folder))
    if status:
        raise TrashsegError(f"the repetition ended with status {status}; its own message stands above.")
    return run_dir


def write_config(original: Original, path: Path, run_dir: Path) -> None:
    """Write the config of the repetition in ``run_dir`` as a primary config of Hydra's, atomically."""
    told = moved(original.first.config, str(original.made_in), str(run_dir))
    # A start that went on from the run's own checkpoint begins anew; Hydra sets the folder.
    told |= {"resume": None, "run_dir": None}
    hydra = {"defaults": ["base", "_self_"], "hydra": {"job": {"name": "train"}}}
    with atomic_file(path) as temporary:
        OmegaConf.save(OmegaConf.create({**hydra, **told}), temporary)


def moved(node: Any, old: str, new: str) -> Any:
    """Return a plain config with every path in the folder ``old`` led to the same place in ``new``."""
    if isinstance(node, dict):
        return {key: moved(value, old, new) for key, value in node.items()}
    if isinstance(node, list):
        return [moved(value, old, new) for value in node]
    inside = isinstance(node, str) and (node == old or node.startswith(f"{old}/"))
    return f"{new}{node[len(old) :]}" if inside else node
