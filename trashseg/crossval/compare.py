"""Two recipes on the same photographs: is the second better, or is it noise?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.crossval.oof import scores_path
from trashseg.crossval.run import group_labels, read_record
from trashseg.crossval.saved import load_scores
from trashseg.scores import Bootstrap, difference_interval, miou_interval, verdict
from trashseg.types import DataError


def compare(first: Path, second: Path) -> str:
    """Return the scores of two finished runs, the interval of their difference, and what that means.

    Raises:
        DataError: a run is not finished, or they did not score the same photographs with the same labels.
    """
    names, before = _matrices(first)
    others, after = _matrices(second)
    if names != others or not np.array_equal(before.sum(-1), after.sum(-1)):
        raise DataError(
            f"{first} and {second} did not score the same photographs with the same labels; give both the same folds "
            "with data.folds=FOLDER."
        )
    bootstrap = Bootstrap(group_labels(Path(read_record(first).folds), names))
    lines = [f"mIoU {miou_interval(bootstrap, each)}  {path}" for path, each in ((first, before), (second, after))]
    if np.array_equal(before, after):
        return "\n".join([*lines, "", "The two predict the same."])
    difference = difference_interval(bootstrap, after, before)
    return "\n".join([*lines, "", verdict(difference, "the second", "the first")])


def _matrices(run_dir: Path) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the photographs of a run, in the order of their names, and their confusion matrices (N, K, K)."""
    scores = load_scores([scores_path(run_dir, fold) for fold in range(read_record(run_dir).num_folds)])
    order = np.argsort(np.array(scores.names), kind="stable")
    return [scores.names[i] for i in order.tolist()], np.array(scores.matrices, np.int64)[order]
