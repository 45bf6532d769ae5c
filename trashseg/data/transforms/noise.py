"""The library's Gaussian noise from a bank."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import albumentations
import cv2
import numpy as np

from trashseg.data.transforms.remap import Array, Floats

BANK = 1 << 22
"""Normal numbers in the bank (16 MiB a process); pictures with more than half as many values go the library's way."""


class GaussNoise(albumentations.GaussNoise):
    """Gaussian noise with albumentations' arguments and distribution, from a window of a bank of normal numbers.

    Within a picture the numbers are independent. Two pictures get different windows, with a sign each: at equal pixels
    their noise is uncorrelated, and only shifted against each other do overlapping windows repeat themselves. (The
    library draws each picture's noise from one of 65,536 states.) As there, the noise's fraction is cut off.
    """

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return ``noise`` (H, W, C), float32, its ``std`` and ``mean`` in grey levels; or the library's own."""
        image = data["image"]
        shape = image.shape if self.per_channel else image.shape[:2]
        count = int(np.prod(shape))
        if image.dtype != np.uint8 or self.noise_scale_factor != 1 or count > BANK // 2:
            exact: dict[str, Any] = super().get_params_dependent_on_data(params, data)
            return exact
        std, mean = (255 * self.py_random.uniform(*limits) for limits in (self.std_range, self.mean_range))
        first, sign = self.random_generator.integers((BANK - count + 1, 2)).tolist()
        noise = bank()[first : first + count].reshape(shape)
        if image.ndim == 3 and not self.per_channel:
            noise = cv2.merge([noise] * image.shape[2])
        return {"noise": noise, "std": std if sign else -std, "mean": mean}

    def apply(self, img: Array, noise: Floats | None = None, std: float = 0, mean: float = 0, **params: Any) -> Array:
        """Return the image with noise."""
        if noise is None:
            return np.asarray(super().apply(img, **params), np.uint8)
        levels = np.multiply(noise, std, dtype=np.float32)
        if mean:
            levels += np.float32(mean)
        return np.asarray(cv2.add(img, levels.astype(np.int16), dtype=cv2.CV_8U), np.uint8)


@lru_cache(maxsize=1)
def bank() -> Floats:
    """Return ``BANK`` numbers of the standard normal distribution, the same in every process."""
    return np.random.default_rng(0).standard_normal(BANK, dtype=np.float32)
