"""Two submissions side by side: how much they agree, which classes changed into which, which photographs most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trashseg.metrics import confusion_matrix, iou_per_class
from trashseg.submission import SubmissionFile
from trashseg.types import ClassTable, DataError

NUM_FLOWS, LEAST_FLOW = 8, 5e-5
"""How many changes from one class to another are listed, and the least share of all pixels of one."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two submissions say of the same N photographs of K classes.

    Args:
        names: the photographs.
        matrix: (K, K) pixels; rows are the classes of the first, columns those of the second.
        changed: share of changed pixels of each photograph (N,), 0..1.
    """

    names: Sequence[str]
    matrix: npt.NDArray[np.int64]
    changed: npt.NDArray[np.float64]

    @property
    def agreement(self) -> float:
        """Share of equal pixels, 0..1."""
        return float(self.matrix.trace() / self.matrix.sum())

    def most_changed(self, count: int) -> list[int]:
        """Return the photographs with the largest share of changed pixels, the most changed first."""
        order = np.argsort(-self.changed, kind="stable")[:count]
        return [i for i in order.tolist() if self.changed[i] > 0]


def compare_submissions(first: SubmissionFile, second: SubmissionFile, num_classes: int) -> Comparison:
    """Compare the photographs of two files, one in memory at a time; their order may differ.

    Raises:
        DataError: they are not of the same photographs and sizes, or an id is not below ``num_classes``.
    """
    missing = [name for name in first.rows if name not in second.rows]
    if missing or len(first.rows) != len(second.rows) or first.side != second.side:
        odd = missing[0] if missing else next((name for name in second.rows if name not in first.rows), "")
        detail = f"{odd} is in one of them only" if odd else f"{first.side}x{first.side}, {second.side}x{second.side}"
        raise DataError(f"{first.path} and {second.path} are not of the same photographs at one size: {detail}.")
    matrix, changed = np.zeros((num_classes, num_classes), np.int64), []
    for name in first.rows:
        pair = [file.class_map(name) for file in (first, second)]
        if max(int(each.max()) for each in pair) >= num_classes:
            raise DataError(f"{name} holds an id above {num_classes - 1}; ids are 0..{num_classes - 1}.")
        matrix += confusion_matrix(torch.from_numpy(pair[1]), torch.from_numpy(pair[0]), num_classes).numpy()
        changed.append(float((pair[0] != pair[1]).mean()))
    return Comparison(list(first.rows), matrix, np.array(changed))


def comparison_text(comparison: Comparison, table: ClassTable, first: Path, second: Path) -> str:
    """Return the comparison as text: agreement, the classes, and the largest changes."""
    matrix, total = comparison.matrix, comparison.matrix.sum()
    ious = iou_per_class(torch.from_numpy(matrix)).tolist()
    lines = [
        f"{comparison.agreement:.2%} of the pixels agree, mIoU of the two {np.nanmean(ious):.4f}, "
        f"{int((comparison.changed > 0).sum())} of {len(comparison.names)} photographs differ",
        "",
        f"{'class':<16}{'first':>9}{'second':>9}{'IoU':>9}",
    ]
    for k, name in enumerate(table.names):
        shares = matrix[k].sum() / total, matrix[:, k].sum() / total
        iou = "-" if np.isnan(ious[k]) else f"{ious[k]:.4f}"
        lines.append(f"{name:<16}{shares[0]:>9.2%}{shares[1]:>9.2%}{iou:>9}")
    lines += ["", *flows(matrix, table), "", f"first   {first}", f"second  {second}"]
    return "\n".join(lines)


def flows(matrix: npt.NDArray[np.int64], table: ClassTable) -> list[str]:
    """Return the largest changes of class as lines."""
    moved = matrix - np.diag(matrix.diagonal())
    largest = np.argsort(-moved, axis=None, kind="stable")[:NUM_FLOWS]
    pairs = [divmod(int(cell), len(table)) for cell in largest]
    return [
        f"{table.names[k]} became {table.names[j]}: {moved[k, j] / matrix.sum():.2%} of all pixels"
        for k, j in pairs
        if moved[k, j] / matrix.sum() >= LEAST_FLOW
    ]
