"""One look at an image: a part of it, enlarged or reduced, flipped and turned."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from trashseg.tta.crop import CROPS, Crop
from trashseg.tta.symmetry import FLIPS, ROTATIONS, Symmetry
from trashseg.types import ConfigError, did_you_mean


@dataclass(frozen=True)
class View:
    """How the network sees an image.

    Args:
        scale: factor of the network's input size, above 0; a crop is enlarged to that size.
        flip: a key of :data:`FLIPS`.
        rotation: a key of :data:`ROTATIONS`, after the flip.
        crop: a key of :data:`CROPS`.
        crop_side: share of height and width that a crop other than ``whole`` takes, above 0 and below 1.

    Raises:
        ConfigError: a value is none of these.
    """

    scale: float = 1.0
    flip: str = "none"
    rotation: int = 0
    crop: str = "whole"
    crop_side: float = 0.625

    def __post_init__(self) -> None:
        check_number("scales", self.scale)
        check_choice("flips", self.flip, FLIPS)
        check_choice("rotations", self.rotation, ROTATIONS)
        check_choice("crops", self.crop, CROPS)
        check_number("crop_side", self.crop_side, below=1)

    @classmethod
    def from_mapping(cls, name: str, given: Mapping[str, Any], crop_side: float) -> View:
        """Return the view that an entry of ``tta.views`` describes.

        Raises:
            ConfigError: a key or a value does not exist.
        """
        known = {field.name for field in fields(cls)} - {"crop_side"}
        for key in given:
            if key not in known:
                raise ConfigError(f"tta.views.{name} has no key {key!r}. {did_you_mean(str(key), known)}")
        return cls(**given, crop_side=crop_side)

    def to_mapping(self) -> dict[str, Any]:
        """Return the entry of ``tta.views`` that describes this view."""
        return {key: value for key, value in asdict(self).items() if key != "crop_side"}

    @property
    def name(self) -> str:
        """What differs from the plain view, in words."""
        parts = {
            f"scale_{self.scale:g}": self.scale != 1,
            self.flip: self.flip != "none",
            f"rotation_{self.rotation}": self.rotation != 0,
            self.crop: self.crop != "whole",
        }
        return "_".join(part for part, differs in parts.items() if differs) or "plain"

    @property
    def look(self) -> tuple[float, Symmetry, Crop]:
        """What the network sees: equal for views that are the same under two names, as 180 degrees and both flips."""
        return self.scale, Symmetry.of(self.flip, self.rotation), self.part

    @property
    def part(self) -> Crop:
        """The part of the image that is seen."""
        return Crop() if self.crop == "whole" else Crop(self.crop, self.crop_side)

    def seen_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return (height, width) of what the network sees of an image of ``size``."""
        return self.look[1].size(self._scaled(size))

    def apply(self, image: Tensor) -> Tensor:
        """Return what the network sees of ``image`` (N, C, H, W)."""
        _, symmetry, crop = self.look
        size = (image.shape[-2], image.shape[-1])
        rows, columns = crop.part(size)
        return symmetry.apply(_resize(image[..., rows, columns], self._scaled(size)))

    def invert(self, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """Return ``maps`` (N, C, h, w) of the view as they lie over its part of the image of ``size`` (H, W)."""
        _, symmetry, crop = self.look
        return _resize(symmetry.invert(maps), crop.size(size))

    def _scaled(self, size: tuple[int, int]) -> tuple[int, int]:
        height, width = (max(1, round(length * self.scale)) for length in size)
        return height, width


def check_number(key: str, value: Any, *, below: float = math.inf) -> None:
    """Check that the option ``tta.KEY`` is a number above 0.

    Raises:
        ConfigError: it is not.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < below:
        limit = "" if below == math.inf else f" and below {below:g}"
        raise ConfigError(f"tta.{key} holds {value!r}; it takes numbers above 0{limit}, such as 0.5.")


def check_choice(key: str, value: Any, options: Collection[Any]) -> None:
    """Check that the option ``tta.KEY`` takes ``value``.

    Raises:
        ConfigError: it does not.
    """
    if value not in options or isinstance(value, bool):
        raise ConfigError(f"tta.{key} holds {value!r}. {did_you_mean(str(value), map(str, options))}")


def _resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)
