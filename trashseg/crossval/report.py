"""What a cross-validation says: the score that photographs nobody has seen will get, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.files import atomic_file, write_json
from trashseg.inference.reports import metrics, summary_text, write_pictures
from trashseg.inference.scoring import Scores
from trashseg.inference.summary import Summary, summarise
from trashseg.metrics import iou_per_class
from trashseg.pictures import ScoreRow, intervals_picture, save_png
from trashseg.scores import Bootstrap, Interval
from trashseg.types import ClassTable

CHOICES = {
    "last": "nothing was chosen on the photographs that are scored",
    "best": "each fold's best epoch was chosen on the photographs that are scored, which makes this somewhat too high",
}
"""The checkpoints that may predict, and what that means for the score."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """The scores over all folds.

    Args:
        scores: what was counted on every photograph.
        summary: what it says, with intervals over groups of photographs.
        ious: (folds, K) IoU of each class in each fold, NaN where it does not occur.
    """

    scores: Scores
    summary: Summary
    ious: npt.NDArray[np.float64]

    @property
    def mious(self) -> list[float]:
        """The mIoU of each fold alone, over the classes that occur in it."""
        means: list[float] = np.nanmean(self.ious, axis=1).tolist()
        return means


def out_of_fold(
    folds: Sequence[Scores], together: Scores, groups: npt.NDArray[np.int64], num_board: int, seed: int
) -> OutOfFold:
    """Return the scores over all folds.

    Args:
        folds: what was counted in each.
        together: the same as one, in the order of the folds.
        groups: the group of each photograph (N,), in that order.
        num_board: photographs of the leaderboard's test set.
        seed: of the resampling.
    """
    summary = summarise(together, Bootstrap(groups, seed=seed), num_board)
    return OutOfFold(together, summary, np.stack([iou_per_class(scores.matrix).numpy() for scores in folds]))


def report_text(result: OutOfFold, table: ClassTable, checkpoint: str) -> str:
    """Return the scores for people: a row a class with its interval and folds, and what is beyond mIoU."""
    summary = result.summary
    heads = "".join(f"{f'fold {fold}':>8}" for fold in range(len(result.ious)))
    interval = f"{100 * summary.miou.level:.0f} % interval"
    lines = [f"{'class':<16}{'IoU':>7}  {interval:<15}{'groups':>7}{heads}"]
    for name, iou, groups, folds in zip(
        table.names, summary.ious, summary.groups_with_class.tolist(), result.ious.T.tolist(), strict=True
    ):
        lines.append(_row(name, iou, groups, folds))
    lines.append(_row("mIoU", summary.miou, summary.num_groups, result.mious))
    return "\n".join(
        [
            *lines,
            "",
            summary_text(result.scores, summary, table),
            f"{'checkpoint':<16}{checkpoint}: {CHOICES[checkpoint]}",
        ]
    )


def write_report(run_dir: Path, result: OutOfFold, table: ClassTable, checkpoint: str) -> str:
    """Write report.txt, metrics.json and the pictures into the run's folder, atomically; return the text."""
    text = report_text(result, table, checkpoint)
    with atomic_file(run_dir / "report.txt") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    context: dict[str, Any] = {"checkpoint": checkpoint, "folds": result.mious}
    write_json(run_dir / "metrics.json", {**context, **metrics(result.scores, result.summary, table)})
    write_pictures(run_dir, result.scores, result.summary, table)
    title = f"Out-of-fold mIoU {result.summary.miou}"
    note = f"bar: IoU over all {len(result.scores.names)} photographs; line: its interval; rings: single folds"
    save_png(run_dir / "scores.png", intervals_picture(*_score_rows(result), table, title, note))
    return text


def _score_rows(result: OutOfFold) -> tuple[list[ScoreRow], ScoreRow]:
    """Return what the picture shows of each class, and of their mean."""
    pairs = zip(result.summary.ious, result.ious.T.tolist(), strict=True)
    rows = [ScoreRow(each.value, each.low, each.high, folds) for each, folds in pairs]
    miou = result.summary.miou
    return rows, ScoreRow(miou.value, miou.low, miou.high, result.mious)


def _row(name: str, interval: Interval, groups: int, folds: Sequence[float]) -> str:
    """Return a line of the table; a dash stands where a class does not occur, or too rarely for an interval."""
    ends = "-" if math.isnan(interval.low) else f"{interval.low:.3f} to {interval.high:.3f}"
    cells = "".join(f"{_cell(value):>8}" for value in folds)
    return f"{name:<16}{_cell(interval.value):>7}  {ends:<15}{groups:>7}{cells}"


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
