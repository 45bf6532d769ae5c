"""One job of a sweep: the verb as a process of its own.

Lightning starts the ranks of a DDP run from this program's command line, which in a sweep is the whole sweep; joblib,
submitit and Ray run a job in a worker of theirs, whose command line is none of ours. So a job is started as the user
would start it alone, with a run folder given: DDP then works under every launcher and sweeper, each job begins with the
memory and the process group of a fresh process, and one that is killed does not take the sweep along. It costs the
seconds of importing torch, which the sweep itself then does not do.
"""

from __future__ import annotations

import logging
import math
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from trashseg.sweep.cards import cards_of_job
from trashseg.sweep.outcome import NAME, Outcome, as_typed, read_outcome
from trashseg.sweep.process import run_process

log = logging.getLogger(__name__)

OF_THE_SWEEP = re.compile(r"[+~]*hydra[./](mode|run|sweep|sweeper|launcher)\b")
"""Overrides that say how the sweep runs, not its jobs."""


def run_job(verb: str, cfg: DictConfig) -> float:
    """Run the job that Hydra has just set up and return its score; NaN where it failed or has none.

    Where the folder holds a finished job of the same command line, that one's score is returned: a sweep that was
    stopped goes on when it is started again with the same ``hydra.sweep.dir``.
    """
    hydra = HydraConfig.get()
    run_dir, overrides = Path(hydra.runtime.output_dir), as_typed(hydra.overrides.task)
    before = read_outcome(run_dir)
    if before is not None and before.finished and list(before.overrides) == overrides:
        log.info("job %d is %s already: %s", hydra.job.num, before.state, run_dir)
    else:
        (run_dir / NAME).unlink(missing_ok=True)
        _run(verb, cfg, hydra, run_dir)
    after = read_outcome(run_dir)
    return math.nan if after is None or after.score is None else after.score


def _run(verb: str, cfg: DictConfig, hydra: DictConfig, run_dir: Path) -> None:
    """Run the job and see to it that its folder says how it ended."""
    with cards_of_job(hydra.launcher, cfg.get("trainer")) as cards:
        begin = time.monotonic()
        status = run_process(command(verb, hydra), {**child_environment(os.environ), **cards}, hydra.runtime.cwd)
    if status:
        # It says so itself, unless it could not.
        seconds = round(time.monotonic() - begin, 1)
        overrides = as_typed(hydra.overrides.task)
        Outcome("failed", overrides, hydra.job.num, reason=ended_by(status), seconds=seconds).write(run_dir)


def command(verb: str, hydra: DictConfig) -> list[str]:
    """Return the command line of the job alone."""
    kept = [text for text in as_typed(hydra.overrides.hydra) if not OF_THE_SWEEP.match(text)]
    folders = [f"hydra.run.dir={quoted(hydra.runtime.output_dir)}", f"hydra.sweep.dir={quoted(hydra.sweep.dir)}"]
    overrides = [*as_typed(hydra.overrides.task), *kept, *folders, f"hydra.job.num={hydra.job.num}"]
    return [sys.executable, "-m", f"trashseg.{verb}", *overrides]


def quoted(value: Any) -> str:
    """Return ``value`` as a string that Hydra's grammar takes literally, commas and equals signs included."""
    escaped = str(value).replace('"', '\\"')
    return f'"{escaped}"'


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a job.

    Where SLURM started one task, Lightning must not take it for the only rank: it starts the others itself.
    """
    alone = environment.get("SLURM_NTASKS") == "1"
    return {name: value for name, value in environment.items() if not (alone and name == "SLURM_NTASKS")}


def ended_by(status: int) -> str:
    """Return a line for an exit status that no message came with."""
    if status > 0:
        return f"ended with status {status} without a message of its own"
    hint = ", as the kernel does when memory runs out" if -status == signal.SIGKILL else ""
    return f"ended by signal {-status} ({signal.Signals(-status).name}){hint}"
