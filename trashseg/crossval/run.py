"""The record of a finished cross-validation, which comparing and auditing start from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.checkpoint import read_checkpoint
from trashseg.data.folds.plan import read_plan
from trashseg.files import write_json
from trashseg.types import DataError

RECORD = "cv.json"


@dataclass(frozen=True)
class Record:
    """What a finished run consists of.

    Args:
        folds: run folder of ``trashseg split``.
        root: the data set's folder.
        data: the data config of the trainings, plain values.
        num_folds: how many networks there are.
        checkpoints: their files.
        store: the predictions, relative to the run's folder; None where none were kept.
    """

    folds: str
    root: str
    data: dict[str, Any]
    num_folds: int
    checkpoints: list[str]
    store: str | None

    @classmethod
    def of(cls, checkpoints: Sequence[Path], folds_dir: Path, store: Path | None) -> Record:
        """Return the record of the networks in ``checkpoints``, which hold their data config."""
        data = read_checkpoint(checkpoints[0])["config"]["data"]
        paths = [str(path.absolute()) for path in checkpoints]
        return cls(str(folds_dir), str(data["root"]), data, len(paths), paths, None if store is None else str(store))

    def write(self, run_dir: Path) -> None:
        """Write the record into ``run_dir``, atomically."""
        write_json(run_dir / RECORD, asdict(self))


def read_record(run_dir: Path) -> Record:
    """Read the record in ``run_dir``.

    Raises:
        DataError: there is none, or it is damaged.
    """
    try:
        return Record(**json.loads((run_dir / RECORD).read_bytes()))
    except OSError as error:
        raise DataError(f"{run_dir} holds no {RECORD}: give the run folder of a finished `trashseg cv`.") from error
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{run_dir / RECORD} is damaged; run trashseg cv again with hydra.run.dir={run_dir}."
        ) from error


def group_labels(folds_dir: Path, names: list[str]) -> npt.NDArray[np.int64]:
    """Return the group of each photograph by the plan in ``folds_dir``, numbered from 0."""
    groups = read_plan(folds_dir).groups
    labels: npt.NDArray[np.int64] = np.unique([groups[name] for name in names], return_inverse=True)[1]
    return labels
