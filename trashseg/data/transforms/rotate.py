"""Quarter turns."""

from __future__ import annotations

from typing import Any

import albumentations
import cv2
import numpy as np

from trashseg.data.transforms.remap import Array

TURNS = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)


class RandomRotate90(albumentations.RandomRotate90):
    """albumentations' RandomRotate90, by OpenCV instead of NumPy's slow strided copy."""

    def apply(self, img: Array, factor: int, **_: Any) -> Array:
        """Return the picture turned ``factor`` times by 90 degrees against the clock."""
        turn = TURNS[factor % 4]
        return img if turn is None else np.asarray(cv2.rotate(img, turn), np.uint8)
