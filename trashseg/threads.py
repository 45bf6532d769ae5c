"""The same work on many things, on all processors."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")

_AHEAD = 4
"""Things a processor begun before the first of them is asked for: results wait in memory."""


def in_threads(work: Callable[[_Thing], _Result], things: Iterable[_Thing]) -> Iterator[_Result]:
    """Yield ``work(thing)`` in the order of ``things``; after an error, what has not begun is left undone.

    For work that lets other threads run: decoding, reading, numpy on large arrays. ``things`` are taken as they are
    needed and few results are kept, so that memory does not grow with their number. Meanwhile numpy's products run in
    one thread each: several that share the processors wait for each other, which took four to thirteen times the
    processor time.
    """
    num_processors = os.cpu_count() or 1
    pool = ThreadPoolExecutor(num_processors)
    begun: deque[Future[_Result]] = deque()
    try:
        with threadpool_limits(1, user_api="blas"):
            for thing in things:
                begun.append(pool.submit(work, thing))
                if len(begun) > _AHEAD * num_processors:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
