"""Cut single objects out of photographs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from trashseg.data.images import read_image
from trashseg.data.masks import shrink_mask
from trashseg.data.mix.base import Array
from trashseg.data.raster import object_mask
from trashseg.data.training import TrainingPart

MIN_VISIBLE = 0.5
"""An object of which others cover more than the rest of this share is left out."""


class Cutout(NamedTuple):
    """One object.

    Args:
        pixels: (h, w, 4), uint8: RGB, and 255 where the object is, else 0; as small as holds it.
        label: its class id.
        side: the longer side of the photograph it was cut from, in pixels.
    """

    pixels: Array
    label: int
    side: int


def cutouts(part: TrainingPart, labels: Collection[int], min_area: int) -> Iterator[Cutout]:
    """Yield the objects of the classes ``labels`` in the training photographs, in the file's order.

    Crowds are no objects; objects that the photograph's border cuts, that are mostly covered by others, or of fewer
    than ``min_area`` visible pixels are left out.
    """
    for i in part.indices.tolist():
        index, position = part.split.index, int(part.split.positions[i])
        classes = {j: part.class_of.get(int(index.ann_category[j]), -1) for j in index.annotations_of(position)}
        wanted = {j: label for j, label in classes.items() if label in labels and not index.ann_crowd[j]}
        if not wanted:
            continue
        image, mask = read_image(part.split.image_path(i)), part.split.mask(i)
        for j, label in wanted.items():
            whole = shrink_mask(object_mask(index, position, j), (mask.shape[0], mask.shape[1]))
            cut = _cut(image, mask, whole, label)
            if cut is not None and np.count_nonzero(cut[..., 3]) >= min_area:
                yield Cutout(cut, label, max(mask.shape))


def _cut(image: Array, mask: Array, whole: Array, label: int) -> Array | None:
    """Return what is seen of an object, (h, w, 4); None where it is cut by the border or mostly covered.

    The pixels are those that carry its label in the painted mask, so that nothing of what lies on it is pasted.
    """
    left, top, width, height = cv2.boundingRect(whole)
    if not width or left == 0 or top == 0 or left + width == mask.shape[1] or top + height == mask.shape[0]:
        return None
    alpha = np.where(mask == label, whole, 0).astype(np.uint8)
    if np.count_nonzero(alpha) < MIN_VISIBLE * np.count_nonzero(whole):
        return None
    left, top, width, height = cv2.boundingRect(alpha)
    window = (slice(top, top + height), slice(left, left + width))
    return np.concatenate((image[window], 255 * alpha[window][..., None]), axis=2)
