"""The same work on many things, on all processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")


def in_threads(work: Callable[[_Thing], _Result], things: Iterable[_Thing]) -> Iterator[_Result]:
    """Yield ``work(thing)`` in the order of ``things``; after an error, what has not begun is left undone."""
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from pool.map(work, things)
    finally:
        pool.shutdown(cancel_futures=True)
