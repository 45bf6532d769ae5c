"""Start trainings in processes that have everything imported already; a program, not a test.

Reads a JSON object a line, ``overrides`` and ``environments``, and answers with the exit status of ``trashseg train``
with them: that of the first of as many processes as there are environments, as torchrun would start them. Each is a
fork of this process, so it pays nothing for importing torch; and since this process never ran autograd, which
does not survive a fork, each is as good as a fresh interpreter.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

import trashseg.callbacks.ema
import trashseg.callbacks.pictures
import trashseg.callbacks.progress
import trashseg.checkpoint
import trashseg.models.smp
import trashseg.module  # noqa: F401 - imported for the forks


def answer(overrides: list[str], environments: list[dict[str, str]]) -> int:
    """Train in forks and return the exit status of the first, negative for a signal."""
    children = [start(overrides, environment) for environment in environments]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return statuses[0]


def start(overrides: list[str], environment: dict[str, str]) -> int:
    """Train in a fork and return its number."""
    child = os.fork()
    if child:
        return child
    os.environ.update(environment)
    os.dup2(2, 1)  # what a training prints is not an answer
    sys.argv = ["train", *overrides]
    status = 1
    try:
        runpy.run_module("trashseg.train", run_name="__main__")
        status = 0
    except SystemExit as stopped:
        status = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for line in sys.stdin:
        print(answer(**json.loads(line)), flush=True)
