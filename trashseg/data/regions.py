"""Regions that no training may believe: single annotations, and boxes, of a COCO file."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.index import CocoIndex
from trashseg.data.listing import Row
from trashseg.data.raster import object_mask
from trashseg.types import IGNORE_INDEX, DataError

Mask = npt.NDArray[np.uint8]

Box = tuple[int, int, int, int]
"""Left, top, width and height, in pixels of the photograph as its COCO file gives it."""

_Item = TypeVar("_Item", int, Box)


@dataclass(frozen=True)
class Regions:
    """What is ignored in the masks of a COCO file, by the image's position in the index.

    Args:
        objects: positions of annotations; of the objects, the pixels that are seen.
        boxes: all pixels in these boxes.
    """

    objects: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    boxes: Mapping[int, tuple[Box, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.objects or self.boxes)

    def cover(self, mask: Mask, index: CocoIndex, i: int, class_of: Mapping[int, int]) -> Mask:
        """Write ``IGNORE_INDEX`` into the ``mask`` (H, W), uint8, of image ``i`` at its size in the file; return it."""
        labels = {j: class_of[int(index.ann_category[j])] for j in self.objects.get(i, ())}
        # All are found before any is covered, so that one that overlaps another of its class does not save it.
        for pixels in [(object_mask(index, i, j) == 1) & (mask == label) for j, label in labels.items()]:
            mask[pixels] = IGNORE_INDEX
        for left, top, width, height in self.boxes.get(i, ()):
            mask[top : top + height, left : left + width] = IGNORE_INDEX
        return mask


NOTHING = Regions()
"""Masks as they were annotated."""


def outline_box(index: CocoIndex, i: int, j: int) -> Box:
    """Return the smallest box that holds annotation ``j`` of image ``i``; no width and height where it has no pixel."""
    left, top, width, height = cv2.boundingRect(object_mask(index, i, j))
    return left, top, width, height


def find_regions(rows: Sequence[Row], index: CocoIndex) -> Regions:
    """Find what ``rows`` name in ``index``; rows of photographs that it does not list are passed over.

    A row with an annotation's id names this object of the photograph. A row with a box alone names the box. A row with
    both names the object whose outline has this box, since ids differ from one COCO file of a data set to another.

    Raises:
        DataError: a photograph has no such annotation, or a box does not lie in it.
    """
    images = {posixpath.normpath(name): i for i, name in enumerate(index.file_names)}
    objects: dict[int, set[int]] = defaultdict(set)
    boxes: dict[int, set[Box]] = defaultdict(set)
    for i, own in _by_image(rows, images).items():
        objects[i].update(_objects(index, i, [row for row in own if row.annotation_id is not None]))
        boxes[i].update(_inside(row, row.box, index, i) for row in own if row.annotation_id is None and row.box)
    return Regions(_sorted(objects), _sorted(boxes))


def _by_image(rows: Sequence[Row], images: Mapping[str, int]) -> dict[int, list[Row]]:
    """Return the rows of each of the ``images``, place -> position."""
    own: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.place in images:
            own[images[row.place]].append(row)
    return own


def _sorted(found: Mapping[int, set[_Item]]) -> dict[int, tuple[_Item, ...]]:
    """Return the images of which something was found, in an order that does not depend on that of the rows."""
    return {i: tuple(sorted(items)) for i, items in sorted(found.items()) if items}


def _objects(index: CocoIndex, i: int, rows: Sequence[Row]) -> Iterator[int]:
    """Yield the annotations of image ``i`` that ``rows`` name."""
    ids = {int(index.ann_ids[j]): j for j in index.annotations_of(i)}
    boxes = {j: outline_box(index, i, j) for j in ids.values()} if any(row.box for row in rows) else {}
    for row in rows:
        same_box = [j for j in boxes if boxes[j] == row.box]
        by_id = ids.get(row.annotation_id or 0)
        if row.box is None and by_id is not None:
            yield by_id
        elif same_box:
            yield by_id if by_id in same_box else same_box[0]
        else:
            what = f"with the box {list(row.box)}" if row.box else f"{row.annotation_id}, only {sorted(ids)}"
            raise DataError(f"{row.where}: there is no annotation {what} in {index.path}; correct or remove the row.")


def _inside(row: Row, box: Box, index: CocoIndex, i: int) -> Box:
    """Return ``box``, cut off where it leaves the photograph."""
    height, width = index.size(i)
    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(width, box[0] + box[2]), min(height, box[1] + box[3])
    if left >= right or top >= bottom:
        raise DataError(f"{row.where}: the box {list(box)} lies outside {index.where(i)}, {width} x {height} pixels.")
    return left, top, right - left, bottom - top
