"""Photometric distortion as the field's segmentation toolbox does it."""

from __future__ import annotations

from typing import Any

import albumentations
import cv2
import numpy as np

from trashseg.data.transforms.remap import Array
from trashseg.types import ConfigError

Range = tuple[float, float]
LEVELS = np.arange(256)


class PhotometricDistortion(albumentations.ImageOnlyTransform):
    """Brightness, contrast, saturation and hue, each with probability one half (Liu et al. 2016, SSD).

    Parameters and order are those of mmsegmentation's PhotoMetricDistortion: brightness first; contrast next, or last
    with probability one half; saturation, then hue, between. Brightness with contrast is one table, saturation with
    hue one way to HSV and back, where the original goes twice; fractions are cut off as there.

    Args:
        brightness: the largest shift in grey levels.
        contrast: limits of the factor of the grey levels.
        saturation: limits of the factor of the saturation.
        hue: the largest turn, in OpenCV's steps of two degrees.
        p: probability of doing anything.

    Raises:
        ConfigError: a limit makes no sense.
    """

    def __init__(
        self,
        brightness: int = 32,
        contrast: Range = (0.5, 1.5),
        saturation: Range = (0.5, 1.5),
        hue: int = 18,
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        for name, limits in (("contrast", contrast), ("saturation", saturation)):
            if len(limits) != 2 or not 0 <= limits[0] <= limits[1]:
                raise ConfigError(f"photometric: {name}={list(limits)} is no range; give two factors, e.g. [0.5, 1.5].")
        if brightness < 0 or not 0 <= hue <= 90:
            raise ConfigError(f"photometric: brightness={brightness} must not be negative, hue={hue} within 0..90.")
        self.brightness, self.hue = brightness, hue
        self.contrast, self.saturation = (contrast[0], contrast[1]), (saturation[0], saturation[1])

    def get_params(self) -> dict[str, Any]:
        """Draw ``shift``, ``contrast``, ``saturation`` and ``turn``, None where left out, and ``contrast_first``."""
        rng = self.random_generator
        due = rng.random(4) < 0.5
        shift, contrast, saturation = (
            float(rng.uniform(*limits))
            for limits in ((-self.brightness, self.brightness), self.contrast, self.saturation)
        )
        turn = int(rng.integers(-self.hue, max(self.hue, 1 - self.hue)))
        names = ("shift", "contrast", "saturation", "turn")
        values = (shift, contrast, saturation, turn)
        drawn = {name: value if on else None for name, value, on in zip(names, values, due, strict=True)}
        return {**drawn, "contrast_first": bool(rng.integers(2))}

    def apply(
        self,
        img: Array,
        shift: float | None,
        contrast: float | None,
        saturation: float | None,
        turn: int | None,
        contrast_first: bool,
        **_: Any,
    ) -> Array:
        """Return the distorted image."""
        before, after = _scaled(1, shift or 0), _scaled(1 if contrast is None else contrast)
        if contrast_first:
            before, after = after[before], _scaled(1)
        img = _through(img, before)
        if saturation is not None or turn is not None:
            hue = ((LEVELS + (turn or 0)) % 180).astype(np.uint8)
            img = _through_hsv(img, hue, _scaled(1 if saturation is None else saturation))
        return _through(img, after)


def _scaled(factor: float, shift: float = 0) -> Array:
    """Return the table of ``factor * level + shift``."""
    return np.asarray(np.clip(LEVELS * factor + shift, 0, 255).astype(np.uint8))


def _through(image: Array, table: Array) -> Array:
    return image if np.array_equal(table, LEVELS) else np.asarray(cv2.LUT(image, table), np.uint8)


def _through_hsv(image: Array, hue: Array, saturation: Array) -> Array:
    """Return the RGB image after tables for two channels of OpenCV's 8-bit HSV."""
    channels = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
    hsv = cv2.merge([cv2.LUT(channels[0], hue), cv2.LUT(channels[1], saturation), channels[2]])
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
