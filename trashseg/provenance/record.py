"""The record that a run leaves in its folder before it does anything else."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

import trashseg
from trashseg.files import atomic_file, write_json
from trashseg.provenance.checkout import look_at_checkout
from trashseg.provenance.inputs import describe_inputs
from trashseg.provenance.machine import describe_machine
from trashseg.provenance.software import versions
from trashseg.types import DataError, TrashsegError

NAME = "provenance.json"
CONFIG = "config.yaml"
"""The resolved config, every interpolation replaced by its value."""
DIFF = "git.diff"
"""What the checkout's files have beyond the commit, where they have anything."""


@dataclass(frozen=True)
class Start:
    """One start of a run; a run that was interrupted and went on has several.

    Args:
        verb: what ran.
        time: local time, ISO 8601.
        command: as it was typed.
        folder: the working folder, which relative paths are relative to.
        seed: of all random numbers.
        config: the resolved config, plain values.
        versions: name -> version.
        git: the checkout's state; None where the code is in none.
        machine: see :func:`describe_machine`.
        inputs: see :func:`describe_inputs`.
    """

    verb: str
    time: str
    command: str
    folder: str
    seed: int
    config: dict[str, Any]
    versions: dict[str, str]
    git: dict[str, Any] | None
    machine: dict[str, Any]
    inputs: dict[str, Any]


def leave_record(run_dir: Path, verb: str, config: Mapping[str, Any]) -> None:
    """Write :data:`NAME`, :data:`CONFIG` and, where there is one, :data:`DIFF` into ``run_dir``, each atomically.

    Starts that this one goes on from are kept; a run that begins anew in a used folder replaces them.

    Args:
        run_dir: the run's folder.
        verb: what runs.
        config: its resolved config, plain values.

    Raises:
        TrashsegError: the folder cannot be written to.
    """
    earlier = [asdict(start) for start in read_starts(run_dir)] if _goes_on(run_dir, config) else []
    start, diff = surroundings(verb, config, Path.cwd())
    try:
        write_json(run_dir / NAME, {"starts": [*earlier, asdict(start)]})
        # The dumper in C: OmegaConf's takes as long as all the rest.
        text = yaml.dump(dict(config), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)
        _write(run_dir / CONFIG, text.encode())
        _write(run_dir / DIFF, diff)
    except OSError as error:
        message = f"{run_dir} cannot be written to ({error}); free some space or give another hydra.run.dir."
        raise TrashsegError(message) from error


def surroundings(verb: str, config: Mapping[str, Any], folder: Path) -> tuple[Start, bytes]:
    """Return what a run of ``config``, begun now, would start from, and the diff of its checkout."""
    # git is waited for while files are read.
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look_at_checkout, Path(trashseg.__file__).parent, Path.cwd())
        known = {"versions": versions(), "machine": describe_machine(), "inputs": describe_inputs(config, folder)}
        checkout, diff = looking.result()
    start = Start(
        verb=verb,
        time=datetime.now().astimezone().isoformat(timespec="seconds"),
        command=shlex.join(sys.orig_argv),
        folder=str(folder),
        seed=int(config["seed"]),
        config=dict(config),
        git=None if checkout is None else asdict(checkout),
        **known,
    )
    return start, diff


def read_starts(run_dir: Path) -> list[Start]:
    """Return the starts of the run in ``run_dir``, the first one first; none where it left no record.

    Raises:
        DataError: the record is damaged, or of another version of trashseg.
    """
    path = run_dir / NAME
    if not path.is_file():
        return []
    try:
        return [Start(**entry) for entry in json.loads(path.read_bytes())["starts"]]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} is damaged or of another version of trashseg; give another run.") from error


def _goes_on(run_dir: Path, config: Mapping[str, Any]) -> bool:
    """Whether the run takes up a checkpoint of its own folder."""
    own, given = run_dir / "checkpoints", config.get("ckpt_path")
    if not (own / "last.ckpt").is_file():
        return False
    named = given is not None and Path(str(given)).expanduser().absolute().is_relative_to(own.absolute())
    return config.get("resume") == "auto" or given in ("last", "best") or named


def _write(path: Path, content: bytes) -> None:
    """Write a file; nothing to write leaves none, an earlier start's neither."""
    if not content:
        path.unlink(missing_ok=True)
        return
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
