"""Test-time augmentation: the mean of the probabilities of several views of an image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.types import ConfigError, did_you_mean

FLIPS: dict[str, tuple[int, ...]] = {"none": (), "horizontal": (-1,), "vertical": (-2,), "both": (-2, -1)}
"""The axes that each flip turns round."""


@dataclass(frozen=True)
class Flip:
    """Mirror an image: ``horizontal`` swaps left and right, ``vertical`` top and bottom."""

    kind: str

    def apply(self, image: Tensor) -> Tensor:
        """Return ``image`` (..., H, W), flipped."""
        axes = FLIPS[self.kind]
        return image.flip(axes) if axes else image

    def invert(self, maps: Tensor) -> Tensor:
        """Return ``maps`` (..., H, W) as they lie over the image before the flip; exact."""
        return self.apply(maps)


@dataclass(frozen=True)
class Scale:
    """Resize an image by a factor, bilinearly (align_corners=False)."""

    factor: float

    def apply(self, image: Tensor) -> Tensor:
        """Return ``image`` (N, C, H, W) at the rounded size, at least one pixel each way."""
        height, width = image.shape[-2:]
        return _resize(image, (self._scaled(height), self._scaled(width)))

    def invert(self, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """Return ``maps`` (N, C, h, w) at ``size`` (H, W), that of the image before :meth:`apply`."""
        return _resize(maps, size)

    def _scaled(self, length: int) -> int:
        return max(1, round(length * self.factor))


@dataclass(frozen=True)
class View:
    """One look at an image: resized, then flipped."""

    scale: Scale
    flip: Flip

    def apply(self, image: Tensor) -> Tensor:
        """Return what the network sees of ``image`` (N, C, H, W)."""
        return self.flip.apply(self.scale.apply(image))

    def invert(self, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """Return ``maps`` (N, C, h, w) of the view as they lie over the image of ``size`` (H, W)."""
        return self.scale.invert(self.flip.invert(maps), size)


class TTA:
    """The mean of the softmax probabilities over every scale with every flip.

    Probabilities are averaged, not logits: views of other scales are differently sure of themselves.
    """

    def __init__(self, scales: Sequence[float] = (1.0,), flips: Sequence[str] = ("none",)) -> None:
        """Take the views apart.

        Args:
            scales: factors of the network's input size, each above 0.
            flips: of ``none``, ``horizontal``, ``vertical`` and ``both``; without ``none`` the plain view is left out.

        Raises:
            ConfigError: a list is empty or names something twice, a scale is not above 0, or a flip is unknown.
        """
        self.scales = [_checked_scale(scale) for scale in scales]
        self.flips = [_checked_flip(flip) for flip in flips]
        for key, values in (("scales", self.scales), ("flips", self.flips)):
            if not values or len(set(values)) != len(values):
                raise ConfigError(f"tta.{key} is {values}; give at least one value, each once, or say tta=none.")
        self.views = [View(Scale(s), Flip(f)) for s, f in itertools.product(self.scales, self.flips)]

    @property
    def num_views(self) -> int:
        """How often the network runs for an image."""
        return len(self.views)

    @property
    def relative_cost(self) -> float:
        """Pixels that the network sees, as a multiple of one plain pass: the sum of squared scales times the flips."""
        return sum(scale**2 for scale in self.scales) * len(self.flips)

    @torch.no_grad()
    def __call__(self, net: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
        """Return the mean probabilities of ``image``; no gradient flows.

        Args:
            net: gives logits (N, K, h, w) for images (N, 3, h, w) of any size, in evaluation mode.
            image: (N, 3, H, W), float, 0..1.

        Returns:
            (N, K, H, W), float32, summing to 1 over the classes.
        """
        height, width = image.shape[-2:]
        total: Tensor | None = None
        for view in self.views:
            # float32 before the softmax: half precision would round probabilities before they are averaged.
            logits = view.invert(net(view.apply(image)).float(), (height, width))
            probs = logits.softmax(1)
            total = probs if total is None else total.add_(probs)
        assert total is not None  # the constructor refuses an empty list
        return total.div_(self.num_views)


def _checked_scale(value: float) -> float:
    if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
        raise ConfigError(f"tta.scales holds {value!r}; each scale must be a number above 0, such as 0.5 or 1.25.")
    return float(value)


def _checked_flip(value: str) -> str:
    if value not in FLIPS:
        raise ConfigError(f"tta.flips holds {value!r}, which is no flip. {did_you_mean(str(value), FLIPS)}")
    return value


def _resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)
