"""Other verbs as processes of their own: a network's memory goes with it, and DDP starts as it always does."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from trashseg.sweep.process import run_process
from trashseg.types import TrashsegError


def run_child(verb: str, overrides: Sequence[str], *, what: str, remedy: str) -> None:
    """Run ``python -m trashseg.VERB`` with ``overrides``; what it prints appears as it comes.

    Args:
        verb: a verb without a hyphen.
        overrides: its command line.
        what: names the step in a message.
        remedy: what to type when it fails.

    Raises:
        TrashsegError: it ended with another status than 0.
        SystemExit: a signal came that ended it, see :func:`run_process`.
    """
    status = run_process([sys.executable, "-m", f"trashseg.{verb}", *overrides], os.environ, str(Path.cwd()))
    if status:
        ended = f"was ended by signal {-status}" if status < 0 else f"failed with status {status}"
        raise TrashsegError(f"{what} {ended}; its own message stands above. {remedy}")


def without(overrides: Sequence[str], keys: Collection[str]) -> list[str]:
    """Return the overrides of a command line but those of ``keys``, whether groups, values or parts of them."""
    return [text for text in overrides if top_key(text) not in keys]


def only(overrides: Sequence[str], keys: Collection[str]) -> list[str]:
    """Return the overrides of a command line that belong to ``keys``."""
    return [text for text in overrides if top_key(text) in keys]


def top_key(override: str) -> str:
    """Return the first word of an override's key: ``data`` for ``+data.category_map.Can=Metal``, ``data/sampler=x``."""
    key = override.lstrip("+~").partition("=")[0]
    return key.partition("@")[0].partition("/")[0].partition(".")[0]
