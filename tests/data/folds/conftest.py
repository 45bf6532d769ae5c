"""A data set of several files, folded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.data.folds.pool import read_pool
from trashseg.data.folds.write import FoldedPool, write_split
from trashseg.data.groups import Groups
from trashseg.data.source import Source

FOLDS = [0, 0, 1, 2, 1, 2, 0, 1, 1, -1]
GROUPS = [0, 0, 1, 2, 1, 2, 3, 4, 4, 5]


@pytest.fixture
def root(make_coco: Callable[..., Path]) -> Path:
    """Six photographs to train on, four to validate, two to test; ids begin at 0 in each file."""
    return make_coco({"train": 6, "val": 4, "test": 2})


@pytest.fixture
def edit(root: Path) -> Callable[[str, Callable[[dict[str, Any]], Any]], None]:
    """Alter one of the JSON files."""

    def change(name: str, alter: Callable[[dict[str, Any]], Any]) -> None:
        tree = json.loads((root / name).read_text(encoding="utf-8"))
        alter(tree)
        (root / name).write_text(json.dumps(tree), encoding="utf-8")

    return change


@pytest.fixture
def folded(root: Path) -> FoldedPool:
    """Ten photographs in six groups and three folds; the last never validates."""
    pool = read_pool(Source(str(root)), ["train.json", "val.json"])
    return FoldedPool(pool, Groups.from_labels(GROUPS), np.array(FOLDS))


@pytest.fixture
def plan_dir(folded: FoldedPool, tmp_path: Path) -> Path:
    """The run folder of a split."""
    write_split(tmp_path / "split", folded, {"method": {"k": 3}})
    return tmp_path / "split"
