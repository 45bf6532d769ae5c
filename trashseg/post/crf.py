"""The fully connected CRF: neighbours in place and colour pull a pixel to their class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.post.lattice import Lattice
from trashseg.post.step import Image, Mask, Step
from trashseg.types import ConfigError

Filter = Callable[[Tensor], Tensor]

_LEAST = 1e-5  # probabilities below it count as that much


@dataclass(frozen=True, kw_only=True)
class DenseCRF(Step):
    """Mean-field inference in a fully connected CRF with Potts costs.

    After P. Kraehenbuehl, V. Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials" (NIPS
    2011), with symmetrically normalised kernels; as in the authors' program, a pixel is among its own neighbours. What
    pixels tell each other is computed at ``side`` pixels, then enlarged and added to the log-probabilities at the
    photograph's own size. The class map so far is not looked at.

    Args:
        side: longer side at which it is computed; None, or a smaller photograph: the photograph's own.
        iterations: of the mean field.
        near_weight: cost of another class than a pixel's neighbours in place.
        near_sigma: standard deviation of that kernel in pixels of the photograph.
        alike_weight: cost of another class than neighbours in place that have the pixel's colour.
        alike_sigma: standard deviation of that kernel in pixels of the photograph.
        color_sigma: its standard deviation in colour, 0..255.
        least: classes that are nowhere more probable are left out.

    Raises:
        ConfigError: a number is out of its range.
    """

    side: int | None = 256
    iterations: int = 5
    near_weight: float = 3.0
    near_sigma: float = 3.0
    alike_weight: float = 4.0
    alike_sigma: float = 60.0
    color_sigma: float = 10.0
    least: float = 0.1

    def __post_init__(self) -> None:
        for key, least in (("side", 1), ("iterations", 1), ("near_weight", 0), ("alike_weight", 0), ("least", 0)):
            value = getattr(self, key)
            if value is not None and value < least:
                raise ConfigError(f"the CRF's {key} is {value}; give {least} or more.")
        for key in ("near_sigma", "alike_sigma", "color_sigma"):
            if getattr(self, key) <= 0:
                raise ConfigError(f"the CRF's {key} is {getattr(self, key)}; give a number above 0.")

    @torch.no_grad()
    def __call__(self, image: Image, probs: Tensor, pred: Mask) -> Mask:
        """Return the most probable classes after the last iteration."""
        present = (probs.amax((1, 2)) > self.least).nonzero()[:, 0]
        if len(present) < 2:
            return pred
        own = probs[present]
        logs = own.clamp(min=_LEAST).log_().add_(self._messages(image, own))
        ids: Mask = present[logs.max(0).indices].byte().cpu().numpy()
        return ids

    def _messages(self, image: Image, probs: Tensor) -> Tensor:
        """Return what each pixel's log-probabilities (C, H, W) are to gain in the last iteration."""
        full = (probs.shape[1], probs.shape[2])
        scale = min(1.0, (self.side or max(full)) / max(full))
        size = (max(1, round(full[0] * scale)), max(1, round(full[1] * scale)))
        small = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        unary = _resized(probs, size).flatten(1).T.contiguous().clamp_(min=_LEAST).log_()
        gain = mean_field(unary, self._kernels(torch.from_numpy(small).to(probs.device), scale), self.iterations)
        return _resized(gain.T.reshape(-1, *size), full)

    def _kernels(self, image: Tensor, scale: float) -> list[tuple[float, Filter]]:
        """Return the weights and kernels for a photograph (h, w, 3), uint8, of ``scale`` times its own size."""
        height, width = image.shape[:2]
        near = _near_filter(height, width, scale * self.near_sigma, image.device)
        color = image.reshape(-1, 3).T.float() / self.color_sigma
        place = _pixels(height, width, image.device) / (scale * self.alike_sigma)
        return [(self.near_weight, near), (self.alike_weight, normalised(Lattice(torch.cat([place, color]))))]


def mean_field(unary: Tensor, kernels: list[tuple[float, Filter]], iterations: int) -> Tensor:
    """Return what the other pixels add to the log-probabilities ``unary`` (N, C) in the last of the iterations.

    Args:
        unary: logits (N, C), float32.
        kernels: weights and filters (N, C) -> (N, C).
        iterations: 1 or more.
    """
    gain = torch.zeros_like(unary)
    for _ in range(iterations):
        belief = _softmax(unary + gain)
        gain = sum((kernel(belief).mul_(weight) for weight, kernel in kernels), torch.zeros(()))
    return gain


def _softmax(logits: Tensor) -> Tensor:
    """Return probabilities (N, C), contiguous; along the first axis torch takes a fifth of the time."""
    return logits.T.softmax(0).T.contiguous()


def normalised(lattice: Lattice) -> Filter:
    """Return the filter D^-1/2 K D^-1/2, K being the lattice's and D the diagonal of its row sums."""
    ones = torch.ones(lattice.num_points, 1, device=lattice.device)
    root = (lattice.filter(ones) + 1e-20).rsqrt_()
    return lambda values: lattice.filter(values * root).mul_(root)


@lru_cache(maxsize=8)
def _near_filter(height: int, width: int, sigma: float, device: torch.device) -> Filter:
    """Return the kernel in place alone; photographs of one size share it."""
    return normalised(Lattice(_pixels(height, width, device) / sigma))


def _pixels(height: int, width: int, device: torch.device) -> Tensor:
    """Return column and row of each pixel (2, H * W), float32."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([columns, rows]).flatten(1).float().to(device)


def _resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps (C, H, W) at another size, bilinearly: at half the size each value is the mean of four."""
    if maps.shape[1:] == size:
        return maps
    return F.interpolate(maps[None], size, mode="bilinear", align_corners=False)[0]
