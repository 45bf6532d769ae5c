"""Transforms of the device that change colours, and the stage that applies one of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import albumentations
import numpy as np
import torch

from trashseg.data.device.base import Leaf, Numbers, Size, Stage, Tensors, put, take

Limits = float | tuple[float, float]


class Paint(Leaf):
    """A transform of the image alone that leaves every pixel where it is."""

    @abstractmethod
    def draw(self, numbers: Numbers, size: Size) -> dict[str, Any]:
        """Return one sample's parameters by name, numbers or arrays of one shape for all samples."""

    @abstractmethod
    def paint(self, image: torch.Tensor, draws: Tensors) -> torch.Tensor:
        """Return the image, float32; what is beyond 0 to 255 is cut off afterwards.

        Args:
            image: (n, 3, H, W), float32, whole numbers from 0 to 255.
            draws: what :meth:`draw` gave for each of them, (n, ...).
        """


class Painting(Stage):
    """Applies one transform to the samples that it is drawn for."""

    def __init__(self, leaf: Paint) -> None:
        self.leaf = leaf

    def collate(self, drawn: Sequence[Mapping[Leaf, Any]], size: Size) -> Tensors | None:  # noqa: ARG002
        """Return ``due`` (n,) and the parameters by name, (n, ...)."""
        due = [i for i, one in enumerate(drawn) if self.leaf in one]
        if not due:
            return None
        names = drawn[due[0]][self.leaf]
        values = {name: np.stack([drawn[i][self.leaf][name] for i in due]) for name in names}
        return {"due": torch.tensor(due), **{name: torch.from_numpy(value) for name, value in values.items()}}

    def apply(self, image: torch.Tensor, masks: torch.Tensor, draws: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the image with the samples ``due`` painted, and the masks as they are."""
        due = draws["due"]
        return put(image, due, self.leaf.paint(take(image, due), draws)), masks


class RandomBrightnessContrast(Paint):
    """Scale and shift the grey levels as albumentations does.

    Args:
        brightness_limit: limits of the shift in shares of 255; one number: from its negative to itself.
        contrast_limit: limits of what is added to the factor 1; likewise.
        p: probability for each sample.
    """

    def __init__(self, brightness_limit: Limits = 0.2, contrast_limit: Limits = 0.2, p: float = 0.5) -> None:
        super().__init__(albumentations.RandomBrightnessContrast(brightness_limit, contrast_limit, p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> dict[str, Any]:
        """Return ``factor`` and ``shift``."""
        drawn = self.parameters(numbers, size)
        return {"factor": np.float32(drawn["alpha"]), "shift": np.float32(drawn["beta"])}

    def paint(self, image: torch.Tensor, draws: Tensors) -> torch.Tensor:
        """Return ``factor * image + shift``."""
        return image * _column(draws["factor"]) + _column(draws["shift"])


class HueSaturationValue(Paint):
    """Shift hue, saturation and value as albumentations does, but without rounding on the way.

    Args:
        hue_shift_limit: limits in steps of two degrees; one number: from its negative to itself.
        sat_shift_limit: limits in 255ths; likewise.
        val_shift_limit: limits in 255ths; likewise.
        p: probability for each sample.
    """

    def __init__(
        self,
        hue_shift_limit: Limits = 20,
        sat_shift_limit: Limits = 30,
        val_shift_limit: Limits = 20,
        p: float = 0.5,
    ) -> None:
        super().__init__(albumentations.HueSaturationValue(hue_shift_limit, sat_shift_limit, val_shift_limit, p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> dict[str, Any]:
        """Return ``hue_shift``, ``sat_shift`` and ``val_shift``."""
        drawn = self.parameters(numbers, size)
        return {name: np.float32(drawn[name]) for name in ("hue_shift", "sat_shift", "val_shift")}

    def paint(self, image: torch.Tensor, draws: Tensors) -> torch.Tensor:
        """Return the image with its hue turned, its saturation and its value shifted; grey stays grey."""
        image = image.contiguous()
        top = image.amax(1, keepdim=True)
        chroma = top - image.amin(1, keepdim=True)
        saturation = 255 * chroma / top.clamp_min(1) + _column(draws["sat_shift"]) * (chroma > 0)
        value = (top + _column(draws["val_shift"])).clamp_(0, 255)
        lack = lacking(image, top, chroma, _column(draws["hue_shift"]) / 180)
        return value - lack.mul_(value * saturation.clamp_(0, 255) / 255)


def lacking(image: torch.Tensor, top: torch.Tensor, chroma: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Return what the channels of pure colours lack to the largest one, 0 to 1, (n, 3, H, W), when hues are turned.

    Args:
        image: (n, 3, H, W), whole grey levels.
        top: the largest channel, (n, 1, H, W).
        chroma: the largest less the smallest; of grey, where it is 0, the result means nothing.
        turn: of the hue, in rounds.
    """
    red, green, blue = image.tensor_split(3, dim=1)
    sextant = torch.where(green == top, blue - red + 2 * chroma, red - green + 4 * chroma)
    hue = torch.where(red == top, green - blue, sextant) / (6 * chroma.clamp_min(1)) + turn
    # A channel is full up to a sixth of a round from its own hue, and empty from a third on.
    away = torch.cat([hue - own for own in (0, 1 / 3, 2 / 3)], dim=1)
    away.sub_(away.round()).abs_()
    return away.mul_(6).sub_(1).clamp_(0, 1)


def _column(values: torch.Tensor) -> torch.Tensor:
    return values[:, None, None, None]
