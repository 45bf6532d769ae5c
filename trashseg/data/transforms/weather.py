"""Shadow and fog at a price that a loader can pay."""

from __future__ import annotations

from typing import Any

import albumentations
import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.transforms.photometric import LEVELS
from trashseg.data.transforms.remap import Array, Floats

CELL = 4
"""Side in pixels of the cells in which fog is counted."""


class RandomShadow(albumentations.RandomShadow):
    """albumentations' RandomShadow with the same pixels: each shadow is one table and one copy under a mask."""

    def apply(
        self, img: Array, vertices_list: list[npt.NDArray[np.int64]], intensities: npt.NDArray[np.float64], **_: Any
    ) -> Array:
        """Return the image with darkened polygons."""
        result = img.copy()
        for vertices, intensity in zip(vertices_list, intensities, strict=True):
            inside = cv2.fillPoly(np.zeros(img.shape[:2], np.uint8), [vertices.astype(np.int32)], 255)
            darker = cv2.LUT(result, (LEVELS * (1 - intensity)).astype(np.uint8))
            cv2.copyTo(darker, inside, result)
        return result


class RandomFog(albumentations.RandomFog):
    """Fog that thickens towards the middle, with albumentations' arguments.

    The library paints hundreds of translucent discs one after the other. Here the same number of discs falls at
    places of the same distribution, but only counted: where n of them lie, ``(1 - alpha_coef * fog)^n`` of the picture
    shows through. Discs count with their mean size and a soft rim, and the picture is blurred at half its size, so
    this is the library's fog in strength and shape, not in each pixel.
    """

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the library's signature
        """Return ``clear``, the share (h, w) of the picture that shows through, float32, in cells of the fog."""
        height, width = params["shape"][:2]
        fog = self.py_random.uniform(*self.fog_coef_range)
        counts = self._discs(height, width, fog)
        largest = max(2, int(min(height, width) * 0.1 * fog))
        radius = np.arange(max(1, largest // 2), largest)
        area = float((radius.astype(float) ** 2).mean())  # of the mean disc, over pi
        spread = cv2.GaussianBlur(counts, (0, 0), np.sqrt(area) / 2 / CELL, borderType=cv2.BORDER_CONSTANT)
        clear = np.power(1 - self.alpha_coef * fog, spread * np.float32(np.pi * area / CELL**2))
        return {"clear": clear.astype(np.float32)}

    def _discs(self, height: int, width: int, fog: float) -> Floats:
        """Return the number of discs in each cell, (h, w): squares around the middle, each a tenth smaller."""
        size = max(1, int(width // 3 * fog))
        cells = np.zeros((-(-height // CELL), -(-width // CELL)), np.float32)
        high, wide = height, width
        for _ in range(10):
            if wide <= size or high <= size:
                break
            count = int(high * wide / size**2 * fog * 10)
            rows = (height - high) / 2 + high * self.random_generator.random(count)
            columns = (width - wide) / 2 + wide * self.random_generator.random(count)
            np.add.at(cells, (rows.astype(int) // CELL, columns.astype(int) // CELL), 1)
            high, wide = int(high * 0.9), int(wide * 0.9)
        return cells

    def apply(self, img: Array, clear: Floats, **_: Any) -> Array:
        """Return the image in fog."""
        height, width = img.shape[:2]
        half = ((width + 1) // 2, (height + 1) // 2)
        side = max(3, min(height, width) // 30) // 2 | 1
        soft = cv2.GaussianBlur(cv2.resize(img, half, interpolation=cv2.INTER_AREA), (side, side), 0)
        share = cv2.resize((255 * clear).astype(np.uint8), half, interpolation=cv2.INTER_LINEAR)
        # 255 - (255 - image) * share: white where nothing shows through.
        dark = cv2.multiply(cv2.bitwise_not(soft), cv2.merge([share] * img.shape[2]), scale=1 / 255)
        return np.asarray(cv2.resize(cv2.bitwise_not(dark), (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
