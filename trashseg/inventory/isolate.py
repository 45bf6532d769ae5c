"""A function call in a process of its own, so that a network too large for the memory costs one row, not the table."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


def in_child(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return ``function(*arguments)``, called in a forked process; its errors come back as they are.

    Raises:
        MemoryError: the process was killed.
    """
    # Forked, so that the libraries need not be imported again for every network.
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        ok, value = receiver.recv()
    except EOFError:
        process.join()
        raise MemoryError(f"its process was killed (exit status {process.exitcode}): too little memory?") from None
    process.join()
    if not ok:
        raise value
    return value


def _answer(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        sender.send((True, function(*arguments)))
    except Exception as error:
        sender.send((False, error))
