"""Runs whose processes torchrun or SLURM starts: one folder for all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from trashseg.types import ConfigError


def rank_overrides(verb: str, arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return what this process's command line needs so that all processes of the run share a folder.

    Each reads the clock for itself when Hydra names the folder, and two seconds may come of it. Processes after the
    first log to a file of their own (train_process_1.log) and leave the config to the first.

    Raises:
        ConfigError: the processes would each run a whole sweep, or share nothing that could name their folder.
    """
    rank, num = launched_process(environment)
    if num < 2:
        return []
    if {"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(arguments):
        raise ConfigError(
            "a sweep starts the processes of its jobs itself: leave out torchrun or srun, and say trainer=ddp "
            "trainer.devices=N (on a cluster: hydra/launcher=submitit_slurm)."
        )
    given = any(text.startswith("hydra.run.dir=") for text in arguments)
    folder = [] if given else [f"hydra.run.dir=outputs/{verb}/{shared_name(environment)}"]
    apart = ["hydra.output_subdir=null", f"hydra.job.name={verb}_process_{rank}"] if rank else []
    return [*folder, *apart]


def launched_process(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return this process's rank and the number of processes that torchrun or srun started; (0, 1) for neither."""
    if "TORCHELASTIC_RUN_ID" in environment:
        return int(environment["RANK"]), int(environment["WORLD_SIZE"])
    if "SLURM_PROCID" in environment:
        return int(environment["SLURM_PROCID"]), int(environment.get("SLURM_NTASKS", 1))
    return 0, 1


def shared_name(environment: Mapping[str, str]) -> str:
    """Return a folder's name that every process of this run comes to: when torchrun started, or SLURM's job and step.

    A job that SLURM queues again has the same name again, and so finds its checkpoints.
    """
    if "TORCHELASTIC_RUN_ID" not in environment:
        return f"slurm-{environment['SLURM_JOB_ID']}.{environment.get('SLURM_STEP_ID', 0)}"
    if environment["LOCAL_WORLD_SIZE"] != environment["WORLD_SIZE"]:
        raise ConfigError("torchrun on several machines: give hydra.run.dir=FOLDER, a folder that all of them see.")
    return datetime.fromtimestamp(start_time(os.getppid())).strftime("%Y-%m-%d_%H-%M-%S")


def start_time(pid: int) -> float:
    """Return when process ``pid`` of this Linux machine started, in seconds since 1970 (proc(5))."""
    # The second field, the program's name in brackets, may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    return int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
