"""What an evaluation leaves behind: a table, metrics.json, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from trashseg.data.dataset import TrashDataset
from trashseg.data.images import read_image
from trashseg.files import write_json
from trashseg.inference.scoring import Scores
from trashseg.metrics import accuracy_per_class, iou_per_class, mean_iou, pixel_accuracy, precision_per_class
from trashseg.pictures import confusion_picture, gallery, save_png
from trashseg.types import ClassTable


def table_text(scores: Scores, table: ClassTable) -> str:
    """Return the scores of every class as a table; a dash stands where a class does not occur."""
    matrix = scores.matrix
    columns = (iou_per_class(matrix), accuracy_per_class(matrix), precision_per_class(matrix))
    support = matrix.sum(1)
    lines = [f"{'class':<16}{'IoU':>8}{'accuracy':>10}{'precision':>11}{'pixels':>13}"]
    for k, name in enumerate(table.names):
        iou, accuracy, precision = (_cell(column[k]) for column in columns)
        lines.append(f"{name:<16}{iou:>8}{accuracy:>10}{precision:>11}{int(support[k]):>13,}")
    present = int((~torch.isnan(columns[0])).sum())
    lines.append(
        f"mIoU {scores.miou:.4f} over {present} of {len(table)} classes   pixel accuracy "
        f"{float(pixel_accuracy(matrix)):.4f}   {len(scores.per_image)} photographs"
    )
    return "\n".join(lines)


def metrics(scores: Scores, table: ClassTable) -> dict[str, Any]:
    """Return all scores as plain values; None where a class does not occur."""
    matrix = scores.matrix
    per_class = zip(
        table.names,
        _values(iou_per_class(matrix)),
        _values(accuracy_per_class(matrix)),
        _values(precision_per_class(matrix)),
        matrix.sum(1).tolist(),
        strict=True,
    )
    return {
        "miou": float(mean_iou(matrix)),
        "pixel_accuracy": float(pixel_accuracy(matrix)),
        "num_images": len(scores.per_image),
        "classes": {
            name: {"iou": iou, "accuracy": accuracy, "precision": precision, "pixels": pixels}
            for name, iou, accuracy, precision, pixels in per_class
        },
        "confusion_matrix": matrix.tolist(),
        "per_image_miou": {name: None if np.isnan(value) else value for name, value in scores.per_image.items()},
    }


def write_reports(
    scores: Scores, table: ClassTable, dataset: TrashDataset, out_dir: Path, context: dict[str, Any]
) -> list[Path]:
    """Write metrics.json, confusion.png and worst.png into ``out_dir`` and return their paths.

    Args:
        scores: the outcome.
        table: the classes.
        dataset: the scored photographs, for the gallery.
        out_dir: the folder.
        context: what was scored and how, for metrics.json.
    """
    paths = [out_dir / "metrics.json", out_dir / "confusion.png"]
    write_json(paths[0], {**context, **metrics(scores, table)})
    title = f"Confusion matrix, {len(scores.per_image)} photographs, mIoU {scores.miou:.3f}"
    save_png(paths[1], confusion_picture(scores.matrix.numpy(), table, title))
    if scores.worst:
        positions = dataset.indices
        entries = [
            (read_image(dataset.split.image_path(int(positions[w.position]))), w.target, w.pred, w.name, w.miou)
            for w in scores.worst
        ]
        paths.append(out_dir / "worst.png")
        save_png(paths[2], gallery(entries, table))
    return paths


def _cell(value: torch.Tensor) -> str:
    return "-" if torch.isnan(value) else f"{float(value):.4f}"


def _values(column: torch.Tensor) -> list[float | None]:
    return [None if torch.isnan(value) else float(value) for value in column]
