"""A holdout that needs no look at the photographs: whole runs of neighbouring names validate."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from trashseg.types import ConfigError

HOLDOUT_BLOCK = 10
"""Neighbouring photographs that go to the same side of a holdout split: they often show one scene."""


def holdout_members(names: list[str], share: float) -> npt.NDArray[np.bool_]:
    """Mark the photographs that validate: whole runs of neighbouring names, spread over the data set.

    Raises:
        ConfigError: ``share`` is not between 0 and 1, or leaves one side empty.
    """
    if not 0 < share < 1:
        raise ConfigError(f"data.holdout={share} is not a share between 0 and 1, for example data.holdout=0.2.")
    order = sorted(range(len(names)), key=lambda i: (str(PurePosixPath(names[i]).parent), _by_number(names[i])))
    size = max(1, min(HOLDOUT_BLOCK, round(len(names) * min(share, 1 - share) / 2)))
    blocks = np.array_split(np.array(order), max(2, round(len(names) / size)))
    # Every 1/share-th block: the rounded k * share steps up that often.
    chosen = [k for k in range(len(blocks)) if int((k + 1) * share + 0.5) > int(k * share + 0.5)] or [len(blocks) - 1]
    chosen = chosen[: len(blocks) - 1]
    held_out = np.zeros(len(names), dtype=bool)
    for k in chosen:
        held_out[blocks[k]] = True
    if held_out.all() or not held_out.any():
        raise ConfigError(f"data.holdout={share} of {len(names)} photographs leaves one side empty; add photographs.")
    return held_out


def _by_number(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts 9.jpg before 10.jpg, as a camera counted them."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]
