"""The photographs that two submissions differ on most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.data.images import read_image
from trashseg.pictures import save_png
from trashseg.pictures.changes import Change, changes_picture
from trashseg.submission import SubmissionFile
from trashseg.submissions.comparing import Comparison
from trashseg.types import ClassTable


def draw_changes(
    path: Path,
    comparison: Comparison,
    files: tuple[SubmissionFile, SubmissionFile],
    table: ClassTable,
    *,
    root: Path | None,
    count: int,
) -> bool:
    """Write a picture of the most changed photographs to ``path``; say whether there are any.

    Args:
        path: a PNG.
        comparison: of the two files.
        files: the first and the second submission.
        table: the classes.
        root: the folder that names start from; None: without the photographs.
        count: photographs, at most.
    """
    rows = []
    for i in comparison.most_changed(count):
        name = comparison.names[i]
        before, after = (file.class_map(name) for file in files)
        rows.append(Change(_photograph(root, name), before, after, f"{name}: {comparison.changed[i]:.1%} changed"))
    if rows:
        title = f"The {len(rows)} photographs that changed most"
        first, second = (file.path.stem for file in files)
        names = ("first", "second") if first == second else (first, second)
        save_png(path, changes_picture(rows, table, title, names))
    return bool(rows)


def _photograph(root: Path | None, name: str) -> npt.NDArray[np.uint8] | None:
    return None if root is None else read_image(root / name)
