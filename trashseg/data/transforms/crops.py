"""Random crops: one that looks where the trash is, one of many scales."""

from __future__ import annotations

from typing import Any, NamedTuple

import albumentations
import cv2
import numpy as np
from albumentations.core.type_definitions import Targets

from trashseg.data.transforms.remap import Array, Fill
from trashseg.types import IGNORE_INDEX, ConfigError

STEP = 4
"""Every fourth pixel of every fourth row is counted to find the share of a class."""


class ObjectCrop(albumentations.RandomResizedCrop):
    """RandomResizedCrop whose window always holds a pixel of an object, where the photograph has one.

    The class is drawn first, each present one alike, then one of its pixels: small and rare classes are seen as often
    as large ones, and fewer crops show nothing but ground. Size and shape of the window, and the arguments, are
    RandomResizedCrop's; it lies anywhere over the pixel, and inside the photograph.
    """

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return the window as ``crop_coords`` (left, top, right, bottom)."""
        chosen: dict[str, Any] = super().get_params_dependent_on_data(params, data)
        mask = data["mask"]
        classes = [value for value in np.unique(mask).tolist() if value not in (0, IGNORE_INDEX)]
        if not classes:
            return chosen
        pixels = np.flatnonzero(mask == self.random_generator.choice(classes))
        row, column = divmod(int(self.random_generator.choice(pixels)), mask.shape[1])
        left, top, right, bottom = chosen["crop_coords"]
        left, right = self._place(column, right - left, mask.shape[1])
        top, bottom = self._place(row, bottom - top, mask.shape[0])
        return {**chosen, "crop_coords": (left, top, right, bottom)}

    def _place(self, pixel: int, length: int, limit: int) -> tuple[int, int]:
        """Return (first, last + 1) of a window of ``length`` that holds ``pixel`` and lies within 0..``limit``."""
        first = int(self.random_generator.integers(max(0, pixel - length + 1), min(pixel, limit - length) + 1))
        return first, first + length


class Axis(NamedTuple):
    """One axis of a crop: ``span`` pixels of the photograph become ``target`` of the result's ``size``."""

    span: int
    target: int
    size: int


class MultiScaleCrop(albumentations.DualTransform):
    """Resize by a random factor and crop, in one step: only the window is resized.

    With factor 1 the photograph's shorter side has ``base`` pixels. Where the photograph ends before the crop does,
    the rest is filled, at a random place. As in mmsegmentation (``cat_max_ratio``), up to ``tries`` windows are drawn
    until one has two classes or more and none of them, background included, more than ``max_share`` of its pixels
    that are not ignored; the last one stays. Shares are counted on every fourth pixel of every fourth row.

    Args:
        size: (height, width) of the crop.
        base: the shorter side at factor 1, in pixels.
        zoom: limits of the factor, drawn uniformly.
        max_share: the largest share of one class; 1 takes the first window.
        tries: windows drawn at most.
        fill: value of the image beyond the photograph.
        fill_mask: value of the mask there.
        p: probability of the crop.

    Raises:
        ConfigError: a number makes no sense.
    """

    _targets = (Targets.IMAGE, Targets.MASK)

    def __init__(
        self,
        size: tuple[int, int],
        base: int,
        zoom: tuple[float, float] = (0.5, 2.0),
        max_share: float = 1.0,
        tries: int = 10,
        fill: Fill = 0,
        fill_mask: int = IGNORE_INDEX,
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        if min(*size, base) < 1 or len(zoom) != 2 or not 0 < zoom[0] <= zoom[1]:
            raise ConfigError(
                f"crop: size={list(size)}, base={base}, zoom={list(zoom)}; give pixels above 0 and two factors, e.g. "
                "zoom=[0.5,2]."
            )
        if not 0 < max_share <= 1 or tries < 1:
            raise ConfigError(f"crop: max_share={max_share} must lie in 0..1, tries={tries} be 1 or more.")
        self.size, self.base, self.zoom = (size[0], size[1]), base, (zoom[0], zoom[1])
        self.max_share, self.tries = max_share, tries
        self.fill, self.fill_mask = fill, fill_mask

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return ``axes``, the ``first`` row and column of the window and the ``margin`` above and left of it."""
        shape = params["shape"][:2]
        factor = self.py_random.uniform(*self.zoom) * self.base / min(shape)
        axes = [_axis(length, size, factor) for length, size in zip(shape, self.size, strict=True)]
        first = self._window(shape, axes, data.get("mask"))
        margin = [int(self.random_generator.integers(axis.size - axis.target + 1)) for axis in axes]
        return {"axes": axes, "first": first, "margin": margin}

    def _window(self, shape: tuple[int, int], axes: list[Axis], mask: Array | None) -> list[int]:
        free = [length - axis.span + 1 for length, axis in zip(shape, axes, strict=True)]
        coarse = None if mask is None or self.max_share == 1 or free == [1, 1] else mask[::STEP, ::STEP]
        first = [0, 0]
        for _ in range(self.tries):
            first = self.random_generator.integers(free).tolist()
            rows, columns = (
                slice(-(-start // STEP), -(-(start + axis.span) // STEP))
                for start, axis in zip(first, axes, strict=True)
            )
            if coarse is None or self._mixed(coarse[rows, columns]):
                break
        return first

    def _mixed(self, window: Array) -> bool:
        counts = np.bincount(window.ravel(), minlength=IGNORE_INDEX + 1)[:IGNORE_INDEX]
        return bool(np.count_nonzero(counts) > 1 and counts.max() < self.max_share * counts.sum())

    def apply(self, img: Array, axes: list[Axis], first: list[int], margin: list[int], **_: Any) -> Array:
        """Return the crop of the image, (height, width, 3)."""
        # Linear sampling skips pixels only where more than two fall onto one.
        shrinks = any(axis.span > 2 * axis.target for axis in axes)
        return _cut(img, axes, first, margin, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR, self.fill)

    def apply_to_mask(self, mask: Array, axes: list[Axis], first: list[int], margin: list[int], **_: Any) -> Array:
        """Return the crop of the mask, (height, width), by nearest pixel centres."""
        return _cut(mask, axes, first, margin, cv2.INTER_NEAREST_EXACT, self.fill_mask)


def _axis(length: int, size: int, factor: float) -> Axis:
    span = max(1, round(size / factor))
    if span <= length:
        return Axis(span, size, size)
    return Axis(length, min(size, max(1, round(length * factor))), size)


def _cut(
    picture: Array, axes: list[Axis], first: list[int], margin: list[int], interpolation: int, fill: Fill
) -> Array:
    rows, columns = (slice(start, start + axis.span) for start, axis in zip(first, axes, strict=True))
    window = picture[rows, columns]
    high, wide = (axis.target for axis in axes)
    if window.shape[:2] != (high, wide):
        window = cv2.resize(window, (wide, high), interpolation=interpolation)
    (top, below), (left, right) = (
        (start, axis.size - axis.target - start) for start, axis in zip(margin, axes, strict=True)
    )
    if not top + below + left + right:
        return window
    channels = picture.shape[2] if picture.ndim == 3 else 1
    value = (fill,) * channels if isinstance(fill, int | float) else fill
    return np.asarray(cv2.copyMakeBorder(window, top, below, left, right, cv2.BORDER_CONSTANT, value=value), np.uint8)
