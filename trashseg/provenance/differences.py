"""What two starts of a run do not share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trashseg.provenance.record import Start

SURROUNDINGS = ("versions", "git", "machine")
HARMLESS = ("git.folder", "git.branch", "machine.name")
"""What says where code lies and how its state and a machine are called, not what they are."""


class Difference(NamedTuple):
    """One value that differs; None where a side lacks it."""

    key: str
    before: Any
    now: Any


def compare_surroundings(before: Start, now: Start) -> list[Difference]:
    """Return what differs in software, code and machine."""
    found = [entry for part in SURROUNDINGS for entry in _compare(getattr(before, part), getattr(now, part), part)]
    return [entry for entry in found if entry.key not in HARMLESS]


def compare_inputs(before: Start, now: Start) -> list[Difference]:
    """Return what differs in the files that were read; None stands for one that is not there now."""
    return list(_compare(before.inputs, now.inputs, ""))


def _compare(before: Any, now: Any, key: str) -> Iterator[Difference]:
    """Yield the leaves that differ; keys are joined by dots."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            yield from _compare(before.get(name), now.get(name), f"{key}.{name}" if key else name)
    elif before != now:
        yield Difference(key, before, now)
