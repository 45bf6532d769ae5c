"""DDP inside a sweep."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import open_dict, read_write

DDP_VARIABLES = ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@contextlib.contextmanager
def own_command_line() -> Iterator[None]:
    """Let the processes that Lightning starts for DDP run this job of a sweep alone.

    Lightning starts them with this process's command line and ``hydra.run.dir``: in a sweep they would begin the whole
    sweep anew. Afterwards the variables and the process group are gone, so that the next job may use another number
    of devices. Outside a sweep, and where something else started the processes (torchrun, SLURM), nothing is done.
    """
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN or "LOCAL_RANK" in os.environ:
        yield
        return
    hydra, argv = HydraConfig.instance().cfg.hydra, sys.argv
    sys.argv = [argv[0], *hydra.overrides.task]
    with read_write(hydra), open_dict(hydra):
        hydra.run.dir = hydra.runtime.output_dir
    try:
        yield
    finally:
        sys.argv = argv
        _leave_group()


def _leave_group() -> None:
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
    for name in DDP_VARIABLES:
        os.environ.pop(name, None)
