"""Whether a training that is killed at a random moment ends as one that is not. Prints one table.

Run it as ``python benchmarks/kills.py [N]`` for N tries. Each starts a tiny training on synthetic photographs, sends it
SIGKILL at a random moment of the time that an undisturbed one takes, and repeats the same command with ``resume=auto``
until it is done; every repetition but the last is killed, too. The weights, their average and the optimiser's state are
then compared with the undisturbed run's, bit by bit. Trainings are forks of this process, which has all its imports.
"""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import trashseg.callbacks.ema
import trashseg.callbacks.pictures
import trashseg.callbacks.progress
import trashseg.checkpoint
import trashseg.models.smp
import trashseg.module  # noqa: F401 - imported for the forks
from trashseg.data.synthetic import ensure_synthetic

COMPARED = ("epoch", "global_step", "state_dict", "current_model_state", "optimizer_states", "lr_schedulers")
OPTIONS = [
    "model=unet_lite0", "model.pretrained=false", "model.encoder_name=tu-test_resnet.r160_in1k",
    "+model.options.decoder_channels=[16,16,8,8,8]", "data.image_size=64", "data.batch_size=2", "data.num_workers=1",
    "trainer=cpu", "trainer.max_epochs=4", "aug=strong", "resume=auto",
]  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One start of the command.

    Args:
        status: exit status, negative for a signal.
        seconds: how long it ran.
    """

    status: int
    seconds: float


def start(overrides: list[str], log: Path) -> int:
    """Start ``trashseg train`` in a fork of this process; return its process id."""
    child = os.fork()
    if child:
        return child
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    sys.argv = ["train", *overrides]
    status = 1
    try:
        runpy.run_module("trashseg.train", run_name="__main__")
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def attempt(overrides: list[str], log: Path, kill_after: float | None = None) -> Attempt:
    """Run the command to its end, or kill it after ``kill_after`` seconds where it still runs then."""
    begin, child = time.monotonic(), start(overrides, log)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return Attempt(os.waitstatus_to_exitcode(status), time.monotonic() - begin)
        if kill_after is not None and time.monotonic() - begin >= kill_after:
            os.kill(child, signal.SIGKILL)
            kill_after = None
        time.sleep(0.002)


def last(folder: Path) -> dict[str, Any] | None:
    path = folder / "checkpoints" / "last.ckpt"
    return torch.load(path, weights_only=True) if path.is_file() else None


def same(a: Any, b: Any) -> bool:
    """Whether two nests of containers hold the same values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def try_once(options: list[str], folder: Path, whole: Path, times: list[float]) -> bool:
    """Kill the command after each of ``times`` seconds, let it end, print a line and return whether all is the same."""
    command, log = [*options, f"hydra.run.dir={folder}"], folder.with_suffix(".log")
    seen = []
    for seconds in times:
        killed = attempt(command, log, seconds).status == -signal.SIGKILL
        content = last(folder)
        epochs = "no epoch" if content is None else f"epoch {content['epoch'] + 1}"
        seen.append(f"{seconds:5.2f} s ({epochs})" if killed else "ended before")
    end, expected, found = attempt(command, log), last(whole), last(folder)
    wrong = ["status"] if end.status else []
    wrong += [part for part in COMPARED if not same((expected or {})[part], (found or {}).get(part))]
    wrong += ["metrics.csv"] * ((whole / "metrics.csv").read_text() != (folder / "metrics.csv").read_text())
    wrong += ["leftovers"] * bool(list(folder.rglob(".*.tmp*")))
    verdict = f"different: {', '.join(wrong)}" if wrong else "same"
    print(f"{folder.name:>4}  {', '.join(seen):<50}  {verdict}", flush=True)
    return not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tries", nargs="?", type=int, default=20)
    parser.add_argument("--kills", type=int, default=2, help="times that each try is killed")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        os.environ["TRASHSEG_CACHE"] = str(out / "cache")
        ensure_synthetic(out / "data", num_train=12, num_val=3, num_test=1, size=96, seed=0)
        options = [*OPTIONS, f"data.root={out / 'data'}"]
        runs = [attempt([*options, f"hydra.run.dir={out / name}"], out / f"{name}.log") for name in ("first", "whole")]
        if any(run.status for run in runs):
            sys.exit((out / "first.log").read_text())
        print(f"undisturbed {runs[1].seconds:.1f} s")
        print(f" try  {'killed after (last checkpoint)':<50}  all state and metrics", flush=True)
        draws = rng.uniform(0, runs[1].seconds, (arguments.tries, arguments.kills)).tolist()
        good = sum(try_once(options, out / str(i + 1), out / "whole", times) for i, times in enumerate(draws))
    print(f"{good} of {arguments.tries} the same")
    return int(good < arguments.tries)


if __name__ == "__main__":
    sys.exit(main())
