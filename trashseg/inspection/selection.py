"""Which photographs the page shows: a page of thousands could not be opened on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from trashseg.data.groups import Pair
from trashseg.inspection.album import Album
from trashseg.inspection.rules import Finding


def choose_photographs(
    album: Album, problems: Mapping[str, Sequence[Finding]], pairs: Sequence[Pair], count: int
) -> list[int]:
    """Return up to ``count`` positions in the album, in its order.

    Every rule, the pairs of one scene and every class take turns with their next photograph: rules and pairs with the
    worst first, classes evenly from the photograph that shows most of the class to the one that shows least, and
    photographs without labels evenly.

    Args:
        album: The photographs.
        problems: The findings to show of each rule, the worst first.
        pairs: The pairs to show, the worst first.
        count: How many.
    """
    queues: list[Iterable[int]] = [[finding.photo for finding in findings] for findings in problems.values()]
    queues.append([i for pair in pairs for i in (pair.first, pair.second)])
    for k in range(1, len(album.table)):
        order = np.argsort(-album.class_pixels[:, k], kind="stable")
        queues.append(evenly(order[: int((album.class_pixels[:, k] > 0).sum())].tolist()))
    queues.append(evenly(np.flatnonzero(~album.labelled).tolist()))
    return sorted(take_turns(queues, count))


def evenly(values: Sequence[int]) -> list[int]:
    """Return ``values`` so that any beginning of the list is spread over all of it: the ends, the middle, quarters."""
    # The sequence of van der Corput: the bits of a counter behind the point, turned round.
    bits = max(1, len(values) - 1).bit_length()
    turned = [int(f"{n:0{bits}b}"[::-1], 2) for n in range(2**bits)]
    return [values[n] for n in turned if n < len(values)]


def take_turns(queues: Iterable[Iterable[int]], count: int) -> set[int]:
    """Return up to ``count`` values: each queue gives its next one that no other has given, until all are empty."""
    chosen: set[int] = set()
    waiting = [iter(queue) for queue in queues]
    while waiting and len(chosen) < count:
        for queue in list(waiting):
            value = next((value for value in queue if value not in chosen), None)
            if value is None:
                waiting.remove(queue)
            elif len(chosen) < count:
                chosen.add(value)
    return chosen
