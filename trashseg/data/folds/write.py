"""The files of a split: COCO files of every fold, the report, the plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trashseg.data.folds.balance import Balance, balance
from trashseg.data.folds.coco_file import CocoWriter
from trashseg.data.folds.goal import Ints
from trashseg.data.folds.plan import PLAN_NAME, POOL_NAME, FoldPlan
from trashseg.data.folds.pool import Pool
from trashseg.data.folds.report import report_text
from trashseg.data.groups import Groups
from trashseg.files import atomic_file, write_json
from trashseg.types import DataError


@dataclass(frozen=True, eq=False)
class FoldedPool:
    """N photographs, their groups, and in which fold each validates: ``folds`` (N,) int64, -1 for nowhere."""

    pool: Pool
    groups: Groups
    folds: Ints

    @property
    def num_folds(self) -> int:
        """How many folds there are."""
        return int(self.folds.max()) + 1

    @cached_property
    def balance(self) -> Balance:
        """What each fold holds."""
        return balance(self.pool.counts, self.folds, self.groups)

    @cached_property
    def group_names(self) -> list[str]:
        """The group of each photograph, named after the first photograph in it."""
        names, first = self.pool.names, np.unique(self.groups.labels, return_index=True)[1]
        return [names[i] for i in first[self.groups.labels].tolist()]


def check_free(folder: Path) -> None:
    """Refuse a folder that holds a split.

    Raises:
        DataError: it does.
    """
    if (folder / PLAN_NAME).exists():
        raise DataError(f"{folder} holds a split already, which trainings may use; give another hydra.run.dir=FOLDER.")


def write_split(folder: Path, folded: FoldedPool, recipe: dict[str, Any]) -> str:
    """Write fold_K/train.json and val.json, all.json, report.txt, report.json and, when all is there, folds.json.

    Args:
        folder: where to.
        folded: the photographs and their folds.
        recipe: how the folds were made, plain values, for folds.json.

    Returns:
        The report.
    """
    _write_coco(folder, folded)
    names = folded.pool.names
    text = report_text(folded.balance, folded.groups, names)
    with atomic_file(folder / "report.txt") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    write_json(folder / "report.json", folded.balance.to_json() | {"groups": _several(folded.groups, names)})
    own = [np.flatnonzero(folded.folds == fold).tolist() for fold in range(folded.num_folds)]
    validating = tuple(tuple(names[i] for i in positions) for positions in own)
    groups = dict(zip(names, folded.group_names, strict=True))
    FoldPlan(validating, groups, folded.pool.digests, recipe).write(folder)
    return text


def _write_coco(folder: Path, folded: FoldedPool) -> None:
    """Write the COCO files of all photographs and of each fold."""
    writer = CocoWriter(folded.pool, folded.group_names)
    writer.write(folder / POOL_NAME, range(len(folded.folds)))
    for fold in range(folded.num_folds):
        for part, own in (("train", folded.folds != fold), ("val", folded.folds == fold)):
            writer.write(folder / f"fold_{fold}" / f"{part}.json", np.flatnonzero(own).tolist())


def _several(groups: Groups, names: list[str]) -> list[dict[str, Any]]:
    """Return the groups of several photographs, and the pairs that make them groups, as plain values."""
    pairs: dict[int, list[list[str]]] = {}
    for pair in groups.pairs:
        found = [names[pair.first], names[pair.second], pair.kind, pair.reason]
        pairs.setdefault(int(groups.labels[pair.first]), []).append(found)
    return [
        {"photographs": [names[i] for i in groups.members(group).tolist()], "pairs": pairs[group]}
        for group in sorted(pairs)
    ]
