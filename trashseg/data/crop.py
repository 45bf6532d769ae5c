"""A random crop that looks where the trash is."""

from __future__ import annotations

from typing import Any

import albumentations
import numpy as np

from trashseg.types import IGNORE_INDEX


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
