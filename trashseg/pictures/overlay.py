"""Class colours over a photograph, and the pixels that a prediction gets wrong."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX, ClassTable

Picture = npt.NDArray[np.uint8]
"""A picture (H, W, 3), uint8, RGB."""

Mask = npt.NDArray[np.uint8]
"""Class ids (H, W), uint8."""

MISSED = ("Missed object", (230, 50, 40))
FALSE = ("False object", (0, 110, 230))
CONFUSED = ("Wrong class", (250, 190, 0))
RIGHT = ("Right", (140, 200, 165))
MARKS = (MISSED, FALSE, CONFUSED, RIGHT)
"""What :func:`error_map` marks: a name and a colour each."""

_HATCH = (150, 150, 150)
_RIGHT_ALPHA, _WRONG_ALPHA = 0.5, 0.85


def blend(image: Picture, mask: Mask, table: ClassTable, alpha: float = 0.55) -> Picture:
    """Lay the class colours over a photograph.

    The background stays unpainted, each region has an outline of its full colour within a thin light one, and
    ignored pixels are hatched in grey.

    Args:
        image: the photograph (H, W, 3), uint8, RGB.
        mask: class ids or ``IGNORE_INDEX`` (H, W), uint8.
        table: the classes.
        alpha: the weight of the colour, 0..1.

    Returns:
        The picture (H, W, 3), uint8, RGB.

    Raises:
        ValueError: sizes differ, or an id is outside the table.
    """
    _check(image, mask, table)
    painted = (mask > 0) & (mask != IGNORE_INDEX)
    colors = np.vstack([table.palette, np.zeros((256 - len(table), 3), np.uint8)])[mask]
    picture = _mix(image, colors, painted, alpha)
    width = _line_width(mask)
    # labels leave slivers of a pixel between neighbours; an outline around each would be a dotted line
    regions = np.asarray(cv2.medianBlur(mask, 3))
    outer, inner = _rim(regions, width), _rim(regions, 2 * width)
    picture = _mix(picture, colors, painted & inner, 0.9)
    picture = _mix(picture, np.full_like(image, 255), painted & outer, 0.75)
    return _hatch(picture, mask == IGNORE_INDEX)


def error_map(image: Picture, target: Mask, pred: Mask, table: ClassTable) -> Picture:
    """Mark over the greyed photograph what a prediction gets wrong.

    A missed object is background in ``pred`` only, a false object in ``target`` only, a wrong class is an object
    of another class; objects that are right are tinted faintly. :data:`MARKS` names the colours.

    Args:
        image: the photograph (H, W, 3), uint8, RGB.
        target: true class ids or ``IGNORE_INDEX`` (H, W), uint8; ignored pixels are hatched, not judged.
        pred: predicted class ids (H, W), uint8.
        table: the classes.

    Returns:
        The picture (H, W, 3), uint8, RGB.

    Raises:
        ValueError: sizes differ, or an id is outside the table.
    """
    _check(image, target, table)
    _check(image, pred, table)
    ignored = target == IGNORE_INDEX
    wrong = (target != pred) & ~ignored
    picture = _greyed(image)
    for (_, color), where, alpha in (
        (RIGHT, (target == pred) & (target > 0) & ~ignored, _RIGHT_ALPHA),
        (MISSED, wrong & (pred == 0), _WRONG_ALPHA),
        (FALSE, wrong & (target == 0), _WRONG_ALPHA),
        (CONFUSED, wrong & (pred > 0) & (target > 0), _WRONG_ALPHA),
    ):
        picture = _mix(picture, np.broadcast_to(np.array(color, np.uint8), image.shape), where, alpha)
    return _hatch(picture, ignored)


def _check(image: Picture, mask: Mask, table: ClassTable) -> None:
    """Refuse a mask that does not lie on the image or holds ids without a class."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.shape[:2] != mask.shape:
        raise ValueError(f"image is {image.dtype} {image.shape} and mask {mask.shape}; they must be of one size")
    known = mask[mask != IGNORE_INDEX]
    if known.size and known.max() >= len(table):
        raise ValueError(f"the mask holds the id {known.max()}; the table has 0..{len(table) - 1}")


def _mix(picture: Picture, colors: Picture, where: npt.NDArray[np.bool_], alpha: float) -> Picture:
    """Return ``picture`` with ``colors`` mixed in, at the weight ``alpha``, at the pixels ``where``."""
    mixed: Any = cv2.addWeighted(picture, 1 - alpha, np.ascontiguousarray(colors), alpha, 0)
    return np.where(where[..., None], mixed, picture)


def _line_width(mask: Mask) -> int:
    """Return 1 for small pictures, 2 for large ones and more for very large ones."""
    return max(1, round(float(min(mask.shape)) / 384))


def _rim(mask: Mask, width: int) -> npt.NDArray[np.bool_]:
    """Return the pixels that have another class within ``width`` pixels."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    rim: npt.NDArray[np.bool_] = cv2.dilate(mask, kernel) != cv2.erode(mask, kernel)
    return rim


def _greyed(image: Picture) -> Picture:
    """Return the photograph without colour and paler, so that marks stand out."""
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    pale: Picture = cv2.addWeighted(grey, 0.65, np.full_like(grey, 255), 0.35, 0)
    return np.repeat(pale[..., None], 3, axis=2)


def _hatch(picture: Picture, where: npt.NDArray[np.bool_]) -> Picture:
    """Draw grey diagonal stripes over the pixels ``where``."""
    if not where.any():
        return picture
    stripe = np.add.outer(np.arange(where.shape[0]), np.arange(where.shape[1])) % 8 < 3
    grey = np.full_like(picture, _HATCH)
    return _mix(_mix(picture, grey, where, 0.5), grey, where & stripe, 1.0)
