"""The processes that load photographs."""

from __future__ import annotations

import signal

from trashseg.data.augment import single_thread

GRACE_SECONDS = 60
"""How long a loading process outlives SIGTERM."""


def prepare_worker(worker: int) -> None:  # noqa: ARG001 - DataLoader passes the worker's number
    """Set up a loading process: one thread, and time for the training to save itself.

    SLURM sends SIGTERM to every process of a job. The training needs its next batches until it has saved itself, and
    ends these processes then; should it not, they end by themselves.
    """
    single_thread()
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE_SECONDS))
