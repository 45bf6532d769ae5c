"""The library's elastic displacement in a fraction of its time."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import albumentations
import numpy as np

from trashseg.data.transforms.remap import Array, Bend, Floats, coordinates, remap

IDENTITY = np.eye(2, 3)
REACH = 4
"""Standard deviations after which the library cuts its Gaussian off."""


class ElasticTransform(albumentations.ElasticTransform):
    """Elastic displacement (Simard et al. 2003) with albumentations' arguments and distribution.

    The library draws noise for every pixel and blurs it, which gives a Gaussian field of standard deviation
    ``alpha / (2 sqrt(pi) sigma m)`` pixels and correlation ``exp(-d^2 / (4 sigma^2))`` at distance d, where m is the
    noise's largest value (about 5; 1 for uniform noise, whose own deviation is ``1 / sqrt(3)``). The same field comes
    from noise on a grid of step sigma under Gaussians of width sigma; m is drawn from its own law.

    At the border they differ: the library's field is several times stronger at some of the four sides, because it
    repeats the outermost noise there, and flows over between its two parts at the others. This one is alike everywhere.
    """

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return the map as ``map_x`` and ``map_y``."""
        if self.approximate:  # another distribution: noise cut off after 8 pixels, whatever sigma is
            exact: dict[str, Any] = super().get_params_dependent_on_data(params, data)
            return exact
        map_x, map_y = coordinates(params["shape"][:2], IDENTITY, self.bend(params["shape"][:2]))
        return {"map_x": map_x, "map_y": map_y}

    def bend(self, shape: tuple[int, int]) -> Bend:
        """Draw a displacement for a picture of ``shape`` (H, W)."""
        rows, columns = _factor(shape[0], self.sigma), _factor(shape[1], self.sigma)
        count = 1 if self.same_dxdy else 2
        noise = self._noise(count * shape[0] * shape[1])
        strength = np.float32(self.alpha * noise / (2 * math.sqrt(math.pi) * self.sigma))
        size = (count, rows.shape[1], columns.shape[1])
        grid = strength * self.random_generator.standard_normal(size, dtype=np.float32)
        return Bend(rows, grid[0], grid[-1], columns.T)

    def _noise(self, count: int) -> float:
        """Return the standard deviation of the noise of ``count`` pixels after its normalisation."""
        if self.noise_distribution == "uniform":
            return 1 / math.sqrt(3)
        # The largest of n absolute values lies below m with probability (2 Phi(m) - 1)^n.
        below = max(self.py_random.random(), 1e-9) ** (1 / count)
        return 1 / NormalDist().inv_cdf((1 + below) / 2)

    def apply(self, img: Array, map_x: Floats, map_y: Floats, **_: Any) -> Array:
        """Return the displaced image."""
        return remap(img, map_x, map_y, self.interpolation, self.border_mode, self.fill)

    def apply_to_mask(self, mask: Array, map_x: Floats, map_y: Floats, **_: Any) -> Array:
        """Return the displaced mask."""
        return remap(mask, map_x, map_y, self.mask_interpolation, self.border_mode, self.fill_mask)


@lru_cache(maxsize=16)
def _factor(length: int, sigma: float) -> Floats:
    """Return the weights (length, k) of grid points, sigma apart, in each pixel; the squares of a row sum to 1."""
    points = np.arange(-REACH, math.ceil(length / sigma) + REACH + 1) * sigma
    distance = (np.arange(length)[:, None] - points) / sigma
    # Cut off: numbers too small for a normal float32 make the product ten times slower.
    weights = np.where(np.abs(distance) <= REACH, np.exp(-0.5 * distance**2), 0)
    return np.asarray(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)), np.float32)
