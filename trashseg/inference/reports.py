"""What an evaluation leaves behind: a table, metrics.json, pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from trashseg.data.dataset import TrashDataset
from trashseg.data.images import read_image
from trashseg.files import write_json
from trashseg.inference.scoring import Scores
from trashseg.inference.summary import Summary
from trashseg.metrics import accuracy_per_class, iou_per_class, mean_iou, pixel_accuracy, precision_per_class
from trashseg.pictures import confusion_picture, gallery, save_png
from trashseg.pictures.reliability import reliability_picture
from trashseg.scores import MIN_GROUPS, NUM_BINS, SIZES, Calibration
from trashseg.submission import SIDE
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
        f"{float(pixel_accuracy(matrix)):.4f}   {len(scores.names)} photographs"
    )
    return "\n".join(lines)


def summary_text(scores: Scores, summary: Summary, table: ClassTable) -> str:
    """Return what the table leaves open, a line each: how sure the score is, outlines, objects, confidence, spread."""
    level = f"{100 * summary.miou.level:.0f} % interval"
    low, quarter, median, _, _ = summary.image_quantiles.values()
    count = len(scores.names)
    grouped = f"in {summary.num_groups} groups" if summary.num_groups < count else "taken as unrelated to each other"
    rows = [
        ("mIoU", f"{summary.miou}, {level}, {count} photographs {grouped}"),
        ("leaderboard", f"{summary.board}, the score at 256x256 of {summary.num_board} photographs not seen here"),
        ("boundary IoU", str(summary.boundary)),
        ("objects found", "   ".join(f"{size} {_recall(summary, size)}" for size in SIZES)),
        ("calibration", _calibration_text(scores.calibration, summary)),
        ("a photograph", f"median mIoU {median:.3f}, a quarter up to {quarter:.3f}, one in twenty up to {low:.3f}"),
    ]
    lines = [f"{name:<16}{text}" for name, text in rows]
    pairs = zip(table.names, summary.groups_with_class.tolist(), strict=True)
    rare = [f"{name} {num}" for name, num in pairs if 0 < num < MIN_GROUPS]
    if rare:
        lines.append(f"{'rare':<16}too few groups for an IoU that can be trusted: {', '.join(rare)}")
    return "\n".join(lines)


def _recall(summary: Summary, size: str) -> str:
    count = summary.num_objects[size]
    return f"{summary.recalls[size].value:.3f} of {count}" if count else "- of 0"


def _calibration_text(calibration: Calibration, summary: Summary) -> str:
    direction = "too sure" if calibration.surplus() > 0 else "not sure enough"
    return (
        f"ECE {calibration.ece():.4f}, {direction}; {summary.scaled.ece():.4f} at temperature {summary.temperature:.3f}"
    )


def metrics(scores: Scores, summary: Summary, table: ClassTable) -> dict[str, Any]:
    """Return all scores as plain values; None where a class does not occur, or an interval cannot be told."""
    matrix = scores.matrix
    columns: dict[str, Any] = {
        "iou": iou_per_class(matrix),
        "accuracy": accuracy_per_class(matrix),
        "precision": precision_per_class(matrix),
        "boundary_iou": summary.boundary_ious,
        "calibration_error": scores.calibration.class_ece(),
        "iou_low": [interval.low for interval in summary.ious],
        "iou_high": [interval.high for interval in summary.ious],
    }
    counts = {"pixels": matrix.sum(1).tolist(), "groups": summary.groups_with_class.tolist()}
    return {
        "miou": float(mean_iou(matrix)),
        "pixel_accuracy": float(pixel_accuracy(matrix)),
        "num_images": len(scores.names),
        "classes": {
            name: {key: _plain(values[k]) for key, values in columns.items()}
            | {key: values[k] for key, values in counts.items()}
            for k, name in enumerate(table.names)
        },
        **_beyond_miou(scores, summary),
        "confusion_matrix": matrix.tolist(),
        "per_image_miou": {name: _plain(value) for name, value in scores.per_image.items()},
    }


def _beyond_miou(scores: Scores, summary: Summary) -> dict[str, Any]:
    """Return the figures of :func:`summary_text` as plain values."""
    calibration = scores.calibration
    sums = {"pixels": calibration.counts, "right": calibration.hits, "confidence": calibration.confidence}
    return {
        "num_groups": summary.num_groups,
        "miou_interval": summary.miou.to_dict(),
        "leaderboard": {**summary.board.to_dict(), "side": SIDE, "num_photographs": summary.num_board},
        "boundary_iou": summary.boundary.to_dict(),
        "objects": {size: {**summary.recalls[size].to_dict(), "count": summary.num_objects[size]} for size in SIZES},
        "calibration": {
            "ece": _plain(calibration.ece()),
            "confidence_less_accuracy": _plain(calibration.surplus()),
            "temperature": _plain(summary.temperature),
            "ece_at_temperature": _plain(summary.scaled.ece()),
            "bins": [{key: part.sum(0)[i].item() for key, part in sums.items()} for i in range(NUM_BINS)],
        },
        "per_image_quantiles": {str(share): _plain(value) for share, value in summary.image_quantiles.items()},
    }


def write_reports(
    scores: Scores, summary: Summary, table: ClassTable, dataset: TrashDataset, out_dir: Path, context: dict[str, Any]
) -> list[Path]:
    """Write metrics.json, confusion.png, reliability.png and worst.png into ``out_dir`` and return their paths.

    Args:
        scores: what was counted.
        summary: what it says.
        table: the classes.
        dataset: the scored photographs, for the gallery.
        out_dir: the folder.
        context: what was scored and how, for metrics.json.
    """
    path = out_dir / "metrics.json"
    write_json(path, {**context, **metrics(scores, summary, table)})
    paths = [path, *write_pictures(out_dir, scores, summary, table)]
    if scores.worst:
        positions = dataset.indices
        entries = [
            (read_image(dataset.split.image_path(int(positions[w.position]))), w.target, w.pred, w.name, w.miou)
            for w in scores.worst
        ]
        paths.append(out_dir / "worst.png")
        save_png(paths[-1], gallery(entries, table))
    return paths


def write_pictures(out_dir: Path, scores: Scores, summary: Summary, table: ClassTable) -> list[Path]:
    """Write confusion.png and reliability.png into ``out_dir`` and return their paths."""
    paths = [out_dir / name for name in ("confusion.png", "reliability.png")]
    title = f"Confusion matrix, {len(scores.names)} photographs, mIoU {scores.miou:.3f}"
    save_png(paths[0], confusion_picture(scores.matrix.numpy(), table, title))
    title = f"Accuracy against confidence, {len(scores.names)} photographs, ECE {scores.calibration.ece():.3f}"
    note = f"at temperature {summary.temperature:.2f}: ECE {summary.scaled.ece():.3f}"
    save_png(paths[1], reliability_picture(scores.calibration, table, title, scaled=summary.scaled, note=note))
    return paths


def _cell(value: torch.Tensor) -> str:
    return "-" if torch.isnan(value) else f"{float(value):.4f}"


def _plain(value: Any) -> float | None:
    """Return a number as JSON can hold it."""
    return None if math.isnan(value) else float(value)
