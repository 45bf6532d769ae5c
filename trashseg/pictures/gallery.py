"""The photographs on which a network does worst, worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trashseg.pictures.overlay import Mask, Picture
from trashseg.pictures.panel import prediction_panel
from trashseg.types import ClassTable

Scored = tuple[Picture, Mask, Mask, str, float]
"""A photograph (H, W, 3), its true and predicted class ids (H, W), its file name and its mIoU, 0..1 or NaN."""


def gallery(entries: Sequence[Scored], table: ClassTable, title: str = "Worst photographs") -> Picture:
    """Draw the panel of scored photographs in the order of their scores, lowest first, with rank, name and score.

    Args:
        entries: at least one photograph with its masks, file name and score; NaN scores come last.
        table: the classes.
        title: the heading of the whole picture.

    Returns:
        The picture, uint8, RGB, on white.

    Raises:
        ValueError: there is no entry.
    """
    ranked = sorted(entries, key=lambda entry: math.inf if math.isnan(entry[4]) else entry[4])
    rows = [
        (image, target, pred, f"{rank}.  {name}\t{score_text(score)}")
        for rank, (image, target, pred, name, score) in enumerate(ranked, start=1)
    ]
    return prediction_panel(rows, table, title)


def score_text(score: float) -> str:
    """Return a photograph's mIoU as captions show it; NaN, where no class could be judged, is said in words."""
    return "mIoU -" if math.isnan(score) else f"mIoU {score:.3f}"
