"""From a photograph to the square that the network sees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.types import IGNORE_INDEX, ConfigError

Array = npt.NDArray[np.uint8]
MODES = ("stretch", "pad")


@dataclass(frozen=True)
class Resize:
    """Bring photographs to ``image_size`` x ``image_size`` pixels.

    Args:
        image_size: side of the square in pixels.
        mode: ``stretch`` changes the proportions, as the competition did; ``pad`` keeps them and fills the right or
            the bottom, with black in the image and ``IGNORE_INDEX`` in the mask.
    """

    image_size: int
    mode: str = "stretch"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"data.resize={self.mode} does not exist; choose {' or '.join(MODES)}.")

    def content(self, height: int, width: int) -> tuple[int, int]:
        """Return (h', w'), the part of the square that a photograph of (height, width) fills."""
        if self.mode == "stretch":
            return self.image_size, self.image_size
        scale = self.image_size / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))

    def image(self, image: Array) -> Array:
        """Return the square (S, S, 3) for an image (H, W, 3), both uint8."""
        height, width = self.content(*image.shape[:2])
        if image.shape[:2] != (height, width):
            # Averaging over the source pixels where a side shrinks: linear sampling would skip thin objects.
            small = (min(width, image.shape[1]), min(height, image.shape[0]))
            image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return self._fill(image, 0)

    def mask(self, mask: Array) -> Array:
        """Return the square (S, S) for a mask (H, W), both uint8, by nearest pixel centres."""
        height, width = self.content(*mask.shape)
        if mask.shape != (height, width):
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        return self._fill(mask, IGNORE_INDEX)

    def _fill(self, array: Array, value: int) -> Array:
        below, right = self.image_size - array.shape[0], self.image_size - array.shape[1]
        if not below and not right:
            return array
        filler = (value,) * (array.shape[2] if array.ndim == 3 else 1)
        return np.asarray(cv2.copyMakeBorder(array, 0, below, 0, right, cv2.BORDER_CONSTANT, value=filler), np.uint8)
