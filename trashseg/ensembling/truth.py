"""Labelled photographs to judge members on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trashseg.crossval.run import read_record
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.folds.plan import read_plan
from trashseg.data.prepared import PreparedSplit
from trashseg.inference.labelled import open_pool
from trashseg.types import ClassTable, Split


@dataclass(frozen=True, eq=False)
class Truth:
    """Labelled photographs.

    Args:
        prepared: photographs and masks.
        table: the K classes.
        group_of: name -> group; photographs without one are alone.
    """

    prepared: PreparedSplit
    table: ClassTable
    group_of: dict[str, str]

    @classmethod
    def pool(cls, run_dir: Path) -> Truth:
        """Return all photographs of a cross-validation."""
        record = read_record(run_dir)
        folds_dir = run_dir / record.folds
        source = open_pool(record.data, folds_dir)
        return cls(source.prepare(Split.VAL), source.table, read_plan(folds_dir).groups)

    @classmethod
    def validation(cls, data: TrashDataModule) -> Truth:
        """Return the validation part of ``data``, as far as its file goes: a fold's is all of its photographs."""
        prepared = data.dataset(Split.VAL).split
        index = prepared.index
        groups = dict(zip(index.file_names, index.groups, strict=True))
        return cls(prepared, data.classes, groups)
