"""Paint the mask of one image, pixel for pixel as pycocotools does.

pycocotools turns each polygon into run lengths; those are painted here straight into the mask, which spares decoding a
whole picture for every object. The parts of one segmentation are united, as `annToMask` unites them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from trashseg.data.index import CocoIndex
from trashseg.data.segmentation import Segment, decode_counts
from trashseg.types import ConfigError, DataError, did_you_mean

UNPAINTED = -1
"""The class of a category whose annotations are left out."""

_Order = Callable[[CocoIndex, npt.NDArray[np.int64], Mapping[int, int]], npt.NDArray[np.int64]]


def _by_area(index: CocoIndex, own: npt.NDArray[np.int64], class_of: Mapping[int, int]) -> npt.NDArray[np.int64]:
    """Order positions by the file's area, largest first, as the competition's last notebook does."""
    del class_of
    return own[np.argsort(-index.ann_area[own], kind="stable")]


def _by_points(index: CocoIndex, own: npt.NDArray[np.int64], class_of: Mapping[int, int]) -> npt.NDArray[np.int64]:
    """Order positions by how many numbers the first polygon has, fewest first."""
    del class_of
    return own[np.argsort(index.ann_points[own], kind="stable")]


def _by_class(index: CocoIndex, own: npt.NDArray[np.int64], class_of: Mapping[int, int]) -> npt.NDArray[np.int64]:
    """Order positions by class id; painted one over the other, the highest remains, as with a maximum."""
    classes = np.array([class_of[int(category)] for category in index.ann_category[own]], np.int64)
    return own[np.argsort(classes, kind="stable")]


_ORDERS: dict[str, _Order] = {"area_desc": _by_area, "points_asc": _by_points, "max_id": _by_class}
PAINT_ORDERS = tuple(_ORDERS)
"""The orders in which annotations may be painted; later ones cover earlier ones."""


def check_order(order: str) -> None:
    """Check the name of a paint order.

    Raises:
        ConfigError: there is no such order.
    """
    if order not in _ORDERS:
        raise ConfigError(f"unknown paint order {order!r}. {did_you_mean(order, PAINT_ORDERS)}")


def rasterise(index: CocoIndex, i: int, class_of: Mapping[int, int], order: str) -> npt.NDArray[np.uint8]:
    """Paint the mask of image ``i``; crowds are painted like other objects.

    Args:
        index: The COCO file.
        i: The image's position in it.
        class_of: From category id to class id; ``IGNORE_INDEX`` is a class id here, ``UNPAINTED`` leaves out.
        order: One of ``PAINT_ORDERS``. With ``max_id``, ``IGNORE_INDEX`` covers every class.

    Returns:
        An array (H, W), uint8, C-contiguous, at the size in the file; 0 where nothing was painted.

    Raises:
        ConfigError: there is no such order.
        DataError: a category of the image is not in ``class_of``.
    """
    check_order(order)
    own = np.asarray(index.annotations_of(i), np.int64)
    missing = sorted(set(index.ann_category[own].tolist()) - set(class_of))
    if missing:
        raise DataError(f"{index.path}: {index.where(i)}: category {missing[0]} has no class; add it to data.classes.")
    ordered = _ORDERS[order](index, own, class_of).tolist()
    values = [(j, class_of[int(index.ann_category[j])]) for j in ordered]
    height, width = index.size(i)
    return _painted(((index.segmentation(j), value) for j, value in values if value != UNPAINTED), height, width)


def object_mask(index: CocoIndex, i: int, j: int) -> npt.NDArray[np.uint8]:
    """Return annotation ``j`` of image ``i`` alone, (H, W), uint8, 0 or 1: the pixels of pycocotools' annToMask."""
    height, width = index.size(i)
    return _painted([(index.segmentation(j), 1)], height, width)


def _painted(objects: Iterable[tuple[Segment, int]], height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return a mask (H, W), uint8, C-contiguous, with the ``objects`` (segment, value) one over the other."""
    canvas = np.zeros(height * width, np.uint8)  # column-major, as COCO's run lengths are
    for segment, value in objects:
        for runs in _runs(segment, height, width):
            _paint(canvas, runs, value)
    turned: npt.NDArray[np.uint8] = cv2.transpose(canvas.reshape(width, height))
    return turned


def _runs(segment: Segment, height: int, width: int) -> Sequence[npt.NDArray[np.int64]]:
    """Return the run lengths of every part."""
    if segment.is_rle:
        return [segment.parts[0].astype(np.int64)]
    encoded = coco_mask.frPyObjects(list(segment.parts), height, width)
    return [decode_counts(part["counts"]) for part in encoded]


def _paint(canvas: npt.NDArray[np.uint8], runs: npt.NDArray[np.int64], value: int) -> None:
    """Write ``value`` into every second run of the flat ``canvas``."""
    bounds = np.cumsum(runs)
    starts, ends = bounds[0:-1:2].tolist(), bounds[1::2].tolist()
    for start, end in zip(starts, ends, strict=True):
        canvas[start:end] = value
