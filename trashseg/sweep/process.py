"""A process that ends no later than the one that started it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

PARENT = "TRASHSEG_PARENT"
"""The variable that tells a process who started it."""

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl(2)."""


def run_process(command: Sequence[str], environment: Mapping[str, str], folder: str) -> int:
    """Run ``command`` in ``folder`` to its end; return its exit status, negative for a signal.

    A signal that would end this process is handed on instead, so that the other can save its work.

    Raises:
        SystemExit: such a signal came, and the other process has ended.
    """
    process = subprocess.Popen(
        command, env={**environment, PARENT: str(os.getpid())}, cwd=folder,
        # In a group of its own: Ctrl-C would otherwise reach it twice, from the terminal and from here.
        process_group=0,
    )  # fmt: skip
    with _handing_on(process):
        return process.wait()


@contextlib.contextmanager
def _handing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    received: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        received.append(number)
        process.send_signal(number)

    # Python lets the main thread alone receive signals.
    handled = FORWARDED if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.signal(number, hand_on) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        sys.exit(128 + received[0])


def end_with_parent() -> None:
    """Where :func:`run_process` started this process: let the kernel end it when the other dies, by a kill too.

    Without this a killed sweep's training would go on beside the same sweep taken up again.
    """
    parent = os.environ.pop(PARENT, None)  # its own children have another parent
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(128 + signal.SIGTERM)
