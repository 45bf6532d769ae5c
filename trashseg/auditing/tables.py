"""The CSV files: suspects and photographs to read, and what ``data.exclude`` and ``data.ignore_regions`` take."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trashseg.auditing.audit import Audit, Suspect
from trashseg.auditing.places import annotation_id, file_box
from trashseg.auditing.words import reason
from trashseg.data.listing import BOX, ID, NAME
from trashseg.files import atomic_file

SUSPECT_COLUMNS = (
    "rank", NAME, ID, BOX, "kind", "label", "suggestion", "score", "flag", "self_confidence", "low", "share", "iou",
    "area", "reason",
)  # fmt: skip
PHOTOGRAPH_COLUMNS = (NAME, "score", "pixel_score", "suspects", "flagged")


def write_tables(folder: Path, audit: Audit) -> list[Path]:
    """Write suspects.csv, photographs.csv, exclude.csv and ignore.csv into ``folder`` and return their paths."""
    suspects = [suspect_row(audit, suspect) for suspect in audit.suspects]
    photographs = {row: _photograph_row(audit, row) for row in audit.photo_scores}
    ranked = sorted(photographs.values(), key=lambda entry: float(entry["score"]))
    ignored = [entry for entry in suspects if entry["flag"]]
    contents = {
        "suspects.csv": (SUSPECT_COLUMNS, suspects),
        "photographs.csv": (PHOTOGRAPH_COLUMNS, ranked),
        "exclude.csv": (PHOTOGRAPH_COLUMNS, [photographs[row] for row in audit.excluded]),
        "ignore.csv": (SUSPECT_COLUMNS, ignored),
    }
    for name, (columns, entries) in contents.items():
        _write(folder / name, columns, entries)
    return [folder / name for name in contents]


def suspect_row(audit: Audit, suspect: Suspect) -> dict[str, Any]:
    """Return one suspect by :data:`SUSPECT_COLUMNS`; None where nobody annotated it."""
    table, region = audit.labels.table, suspect.region
    values = (
        suspect.rank, audit.labels.prepared.names[suspect.row], annotation_id(audit.labels, suspect),
        " ".join(map(str, file_box(audit.labels, suspect))), suspect.kind.value, table.names[region.label],
        table.names[suspect.suggestion], f"{suspect.score:.4f}", int(suspect.flagged),
        f"{region.means[region.label]:.4f}", f"{region.low:.4f}", f"{suspect.share:.4f}", f"{region.iou:.4f}",
        region.area, reason(suspect, table),
    )  # fmt: skip
    return dict(zip(SUSPECT_COLUMNS, values, strict=True))


def _photograph_row(audit: Audit, row: int) -> dict[str, Any]:
    """Return one photograph by :data:`PHOTOGRAPH_COLUMNS`."""
    own = [suspect.flagged for suspect in audit.suspects if suspect.row == row]
    values = (
        audit.labels.prepared.names[row], f"{audit.photo_scores[row]:.4f}", f"{audit.pixel_scores[row]:.4f}",
        len(own), sum(own),
    )  # fmt: skip
    return dict(zip(PHOTOGRAPH_COLUMNS, values, strict=True))


def _write(path: Path, columns: Iterable[str], entries: Iterable[Mapping[str, Any]]) -> None:
    """Write one CSV file, atomically."""
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(columns))
        writer.writeheader()
        writer.writerows(entries)
