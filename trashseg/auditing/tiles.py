"""The surroundings of a suspect: the photograph, the label and the prediction beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from trashseg.auditing.audit import Audit, Suspect, views
from trashseg.auditing.measure import Box
from trashseg.auditing.view import Mask
from trashseg.data.images import read_image
from trashseg.pictures import blend
from trashseg.pictures.layout import fitting_size, resize_image, resize_mask
from trashseg.pictures.overlay import Picture
from trashseg.types import IGNORE_INDEX, ClassTable

_CONTEXT, _LEAST = 1.8, 0.16
_ALPHA = 0.45
_FRAME, _CASING = (255, 255, 255), (20, 20, 20)


class Tiles(NamedTuple):
    """Three pictures of one size, uint8, RGB, and the classes in the two masks."""

    photograph: Picture
    label: Picture
    prediction: Picture
    present: frozenset[int]


def draw_tiles(audit: Audit, suspects: Sequence[Suspect], side: int) -> Iterator[tuple[Suspect, Tiles]]:
    """Yield the pictures of ``suspects``, photograph by photograph; their longer side is ``side`` pixels."""
    own: dict[int, list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        own[suspect.row].append(suspect)
    for row, view in views(audit.labels, audit.limits.border, list(own)):
        image = read_image(audit.labels.prepared.image_path(row))
        for suspect in own[row]:
            yield suspect, _tiles(image, (view.mask, view.pred), suspect.region.box, audit.labels.table, side)


def surroundings(box: Box, size: tuple[int, int]) -> Box:
    """Return the square around ``box`` in a photograph of ``size`` (height, width), moved into it.

    It is 1.8 times as long as the box and at least 0.16 of the photograph's longer side; no larger than the photograph.
    """
    side = round(max(_CONTEXT * max(box[2:]), _LEAST * max(size)))
    width, height = min(side, size[1]), min(side, size[0])
    left = min(max(0, box[0] + (box[2] - width) // 2), size[1] - width)
    top = min(max(0, box[1] + (box[3] - height) // 2), size[0] - height)
    return left, top, width, height


def _tiles(image: Picture, masks: tuple[Mask, Mask], box: Box, table: ClassTable, side: int) -> Tiles:
    """Cut and draw the surroundings of ``box`` in a photograph with the ``masks`` of its label and its prediction."""
    size = image.shape[0], image.shape[1]
    left, top, width, height = surroundings(box, size)
    window = (slice(top, top + height), slice(left, left + width))
    shown = fitting_size((height, width), side, side)
    photograph = resize_image(image[window], shown)
    label, prediction = (resize_mask(mask[window], shown) for mask in masks)
    scale = shown[1] / width
    frame = [round(scale * length) for length in (box[0] - left, box[1] - top, box[2], box[3])]
    present = set(np.unique(label).tolist()) | set(np.unique(prediction).tolist())
    return Tiles(
        _framed(photograph, frame),
        _framed(blend(photograph, label, table, _ALPHA), frame),
        _framed(blend(photograph, prediction, table, _ALPHA), frame),
        frozenset(present - {IGNORE_INDEX}),
    )


def _framed(picture: Picture, frame: Sequence[int]) -> Picture:
    """Return a copy with a light ``frame`` (left, top, width, height) in a dark casing, just outside of the region."""
    copy = picture.copy()
    left, top, width, height = frame
    for color, room, thickness in ((_CASING, 4, 4), (_FRAME, 4, 2)):
        corners = (left - room, top - room), (left + width + room, top + height + room)
        cv2.rectangle(copy, *corners, color, thickness)
    return copy
