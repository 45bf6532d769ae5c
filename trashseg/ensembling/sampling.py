"""The members at a grid of pixels of every labelled photograph, on disk."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trashseg.ensembling.evidence import Evidence
from trashseg.maps import most_probable
from trashseg.store import Grid
from trashseg.types import IGNORE_INDEX
from trashseg.voting import PixelTable, TableWriter

MOST_PIXELS = 1 << 19
"""Of all photographs together: enough that weights chosen on them are those of all pixels."""
MOST_OF_ONE = 4096


def pixel_table(evidence: Evidence, path: Path, *, hard: bool, seed: int = 0) -> PixelTable:
    """Return the members at a grid of pixels of every photograph; the grid begins anywhere.

    Args:
        evidence: photographs and members.
        path: the file of the levels; as large as members x classes x pixels, whatever the photographs' number.
        hard: members have one class for a pixel rather than probabilities.
        seed: of the grids.
    """
    wanted = max(1, min(MOST_OF_ONE, MOST_PIXELS // len(evidence.rows)))
    num_classes, rng = len(evidence.truth.table), np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = TableWriter(path, len(evidence.stores), num_classes, len(evidence.rows) * 2 * (wanted + 1))
    for name, mask, group in evidence:
        rows, columns = _grid(mask.shape, wanted, rng)
        target = mask[rows[:, None], columns].ravel()
        grid = (torch.from_numpy(rows), torch.from_numpy(columns))
        say = functools.partial(_say, evidence, name, grid, hard)
        writer.add(say, target, target != IGNORE_INDEX, group)
    return writer.table()


def _grid(
    size: tuple[int, ...], wanted: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return rows and columns whose crossings are about ``wanted`` pixels of a photograph, at most twice as many."""
    step = max(1.0, math.sqrt(size[0] * size[1] / wanted))
    rows, columns = (np.arange(rng.uniform(0, min(step, length)), length, step).astype(np.int64) for length in size)
    return rows, columns


def _say(evidence: Evidence, name: str, grid: Grid, hard: bool, member: int) -> npt.NDArray[np.float32]:
    """Return the probabilities (K, n) of a member at a grid; with ``hard`` 1 for its class and 0 for others."""
    probs = evidence.stores[member].sample(name, grid)
    if hard:
        winners = most_probable(probs).ravel()
        return np.eye(len(probs), dtype=np.float32)[:, winners]
    flat: npt.NDArray[np.float32] = probs.flatten(1).numpy()
    return flat
