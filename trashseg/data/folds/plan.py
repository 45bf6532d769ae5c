"""folds.json: which photographs validate in which fold, and what the folds were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.files import write_json
from trashseg.types import ConfigError, DataError, Split

PLAN_NAME, POOL_NAME = "folds.json", "all.json"
"""The plan, and the COCO file of all photographs: one file for all folds, so that its masks are painted once."""


@dataclass(frozen=True)
class FoldPlan:
    """What ``trashseg split`` decided.

    Args:
        folds: the names of the photographs that validate in each fold; all others train there.
        groups: name of a photograph -> its group, named after the first photograph in it.
        sources: JSON as it was named -> SHA-256 of its bytes, hexadecimal.
        recipe: how the folds were made, plain values.
    """

    folds: tuple[tuple[str, ...], ...]
    groups: dict[str, str]
    sources: dict[str, str]
    recipe: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Write the plan into ``folder``, atomically."""
        write_json(folder / PLAN_NAME, asdict(self))


@dataclass(frozen=True)
class Fold:
    """One fold on disk: the COCO file of all photographs, and the names of those that validate."""

    json_path: Path
    validating: frozenset[str]

    def members(self, split: Split, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the positions of ``names`` that belong to ``split``."""
        return np.flatnonzero([(name in self.validating) == (split == Split.VAL) for name in names])


def open_fold(folder: Path, fold: int, root: Path) -> Fold:
    """Open fold number ``fold`` of the plan in ``folder`` for the photographs in ``root``.

    Raises:
        ConfigError: the plan has no such fold.
        DataError: there is no plan, it is damaged, or a JSON that it was made from has changed since.
    """
    plan = read_plan(folder)
    if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < len(plan.folds):
        last = len(plan.folds) - 1
        raise ConfigError(f"data.fold={fold} is none of {folder}; give data.fold=0{f' to {last}' if last else ''}.")
    _check_sources(plan.sources, folder, root)
    return Fold(folder / POOL_NAME, frozenset(plan.folds[fold]))


def read_plan(folder: Path) -> FoldPlan:
    """Read the plan in ``folder``.

    Raises:
        DataError: there is none, or it is damaged.
    """
    path = folder / PLAN_NAME
    try:
        content = json.loads(path.read_bytes())
        folds = tuple(tuple(map(str, names)) for names in content["folds"])
        return FoldPlan(folds, dict(content["groups"]), dict(content["sources"]), dict(content["recipe"]))
    except OSError as error:
        raise DataError(
            f"data.folds={folder} holds no {PLAN_NAME}; give data.folds=FOLDER, the run folder that `trashseg split` "
            "printed, or run it again."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error!r:.80}); run trashseg split again.") from error


def _check_sources(sources: Mapping[str, str], folder: Path, root: Path) -> None:
    """Compare the JSON files in ``root`` with those that the folds were made from; a missing one is no fault."""
    for file, digest in sources.items():
        path = root / file
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise DataError(
                f"data.folds={folder} was made from another {file} than the one in data.root={root}; run "
                f"`trashseg split data.root={root}` again, or set data.root to the data set of these folds."
            )
