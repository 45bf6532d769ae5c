"""Where suspects lie in the photographs as their COCO file gives them, which may be larger than what was audited."""

from __future__ import annotations

import numpy as np

from trashseg.auditing.audit import Suspect
from trashseg.data.regions import Box, outline_box
from trashseg.inference.labelled import Labels


def annotation_id(labels: Labels, suspect: Suspect) -> int | None:
    """Return the id of the suspect's annotation; None where nobody annotated it."""
    j = suspect.region.annotation
    return None if j is None else int(labels.prepared.index.ann_ids[j])


def file_box(labels: Labels, suspect: Suspect) -> Box:
    """Return the box of the whole annotated object, also where others cover it, or of the missing one."""
    index, position = labels.prepared.index, int(labels.prepared.positions[suspect.row])
    if suspect.region.annotation is not None:
        return outline_box(index, position, suspect.region.annotation)
    scale = _scale(labels, suspect.row)
    left, top, width, height = (round(scale * length) for length in suspect.region.box)
    return left, top, width, height


def file_outline(labels: Labels, suspect: Suspect) -> list[float]:
    """Return the outline of a missing object as a COCO polygon: x, y, x, y, ..., pixels.

    A region ends behind its last pixel, so that the outline of thin ones does not lose half of their area.
    """
    scale = _scale(labels, suspect.row)
    points = (np.array(suspect.region.outline) + 0.5) * scale
    flat: list[float] = points.round(1).ravel().tolist()
    return flat


def _scale(labels: Labels, row: int) -> float:
    """Return how many pixels of the file one pixel of the mask is."""
    index, position = labels.prepared.index, int(labels.prepared.positions[row])
    return max(index.size(position)) / max(labels.prepared.size(row))
