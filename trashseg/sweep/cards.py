"""GPUs for the jobs that run side by side on one machine."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
ASK = ("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
POLL_SECONDS = 1.0


@contextlib.contextmanager
def cards_of_job(launcher: Mapping[str, Any], trainer: Mapping[str, Any] | None) -> Iterator[dict[str, str]]:
    """Yield the environment that gives a job its GPUs, and hold them meanwhile.

    Only a launcher that runs several jobs at once on this machine has ``n_jobs`` (joblib's): one after the other they
    may have all, and SLURM and Ray assign GPUs themselves. Of the GPUs that CUDA_VISIBLE_DEVICES leaves, each job gets
    as many as it has devices, the free ones first. More jobs at once than GPUs share them evenly; ``n_jobs=-1``, as
    many as the machine has cores, means one a GPU, and the others wait.
    """
    jobs = int(launcher.get("n_jobs") or 1)
    cards = visible_cards() if jobs != 1 else []
    wanted = num_cards(trainer or {}, len(cards))
    if not wanted:
        yield {}
        return
    shared = max(1, math.ceil(jobs * wanted / len(cards)))
    with taken(cards, wanted, shared, Path(tempfile.gettempdir()) / f"trashseg-cards-{os.getuid()}") as own:
        yield {VISIBLE: ",".join(own)}


def visible_cards() -> list[str]:
    """Return the machine's GPUs, or those of them that CUDA_VISIBLE_DEVICES names; torch is not loaded for it."""
    if VISIBLE in os.environ:
        return [card for card in os.environ[VISIBLE].split(",") if card and card != "-1"]
    try:
        return subprocess.run(ASK, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []


def num_cards(trainer: Mapping[str, Any], available: int) -> int:
    """Return how many of the ``available`` GPUs a job takes: 0 on a CPU, or where the user numbers them himself."""
    devices = trainer.get("devices", 1)
    if trainer.get("accelerator") == "cpu":
        return 0
    if devices in ("auto", -1, "-1"):
        return available
    return min(int(devices), available) if str(devices).isdigit() else 0


@contextlib.contextmanager
def taken(cards: Sequence[str], num: int, shared: int, folder: Path) -> Iterator[list[str]]:
    """Wait until ``num`` different ones of ``cards`` are free, yield them, and hold them until the block ends.

    Args:
        cards: names of GPUs.
        num: how many, at most ``len(cards)``.
        shared: how many jobs may hold one at a time.
        folder: of the lock files, on this machine. A lock goes with the process that holds it, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        own = _try(cards, num, shared, folder, held)
        if not own:
            log.info("waiting for %d free of the GPUs %s", num, ", ".join(cards))
        while not own:
            time.sleep(POLL_SECONDS)
            own = _try(cards, num, shared, folder, held)
        yield own


def _try(cards: Sequence[str], num: int, shared: int, folder: Path, held: contextlib.ExitStack) -> list[str]:
    """Lock ``num`` cards, those that nobody holds first, and return them; nothing where there are fewer."""
    own: dict[str, IO[bytes]] = {}
    # All or none under one lock: two jobs that each hold one of two and wait for the other would wait for ever.
    with (folder / "choosing").open("ab") as choosing:
        fcntl.flock(choosing, fcntl.LOCK_EX)
        for place, card in itertools.product(range(shared), cards):
            if card not in own and len(own) < num and (lock := _lock(folder / f"{card}.{place}")) is not None:
                own[card] = lock
        if len(own) < num:
            for lock in own.values():
                lock.close()
            return []
    for lock in own.values():
        held.enter_context(lock)
    return list(own)


def _lock(path: Path) -> IO[bytes] | None:
    """Return the locked file, None where another process holds it."""
    stream = path.open("ab")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        return None
    return stream
