"""Transforms of the device that move pixels."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import albumentations
import numpy as np

from trashseg.data.device.base import Leaf, Numbers, Size
from trashseg.data.transforms import Affine as WorkerAffine
from trashseg.data.transforms import ElasticTransform as WorkerElastic
from trashseg.data.transforms.remap import Bend, Matrix

Range = tuple[float, float]


class Motion(NamedTuple):
    """Where pixels go: by ``matrix`` (3, 3), on (x, y, 1) in pixels, then by what undoes ``bend``.

    Read backwards, as sampling does: a pixel of the result is displaced by ``bend``, then carried into the picture.
    """

    matrix: Matrix
    bend: Bend | None = None


class Move(Leaf):
    """A transform that moves pixels, of image and masks alike."""

    bends: ClassVar[bool] = False
    """Whether it is more than a matrix; no further matrix can be joined to it then."""

    @abstractmethod
    def draw(self, numbers: Numbers, size: Size) -> Motion:
        """Return one sample's motion."""


class HorizontalFlip(Move):
    """Mirror left and right.

    Args:
        p: probability for each sample.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(albumentations.HorizontalFlip(p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> Motion:  # noqa: ARG002 - nothing is left to chance
        """Return the mirroring."""
        return Motion(np.array([[-1.0, 0, size[1] - 1], [0, 1, 0], [0, 0, 1]]))


class RandomRotate90(Move):
    """Turn by a multiple of 90 degrees about the centre; of a picture that is no square, the ends are cut off.

    Args:
        p: probability for each sample; a quarter of the turns drawn are none.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(albumentations.RandomRotate90(p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> Motion:
        """Return the turn, against the clock."""
        return Motion(turned(self.parameters(numbers, size)["factor"], size))


class Affine(Move):
    """Turn, scale, shear and shift as albumentations' Affine; what comes from outside is black, ignored in masks.

    Args:
        rotate: limits of the angle in degrees.
        scale: limits of the factor.
        shear: limits of the angle in degrees.
        translate_percent: limits of the shift in shares of the side; None: no shift.
        keep_ratio: one factor for both axes.
        p: probability for each sample.
    """

    def __init__(
        self,
        rotate: Range = (0, 0),
        scale: Range = (1, 1),
        shear: Range = (0, 0),
        translate_percent: Range | None = None,
        keep_ratio: bool = False,
        p: float = 0.5,
    ) -> None:
        settings = {"rotate": rotate, "scale": scale, "shear": shear, "translate_percent": translate_percent}
        super().__init__(WorkerAffine(**settings, keep_ratio=keep_ratio, p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> Motion:
        """Return the map of the picture onto the result."""
        return Motion(np.asarray(self.parameters(numbers, size)["matrix"], np.float64))


class ElasticTransform(Move):
    """Elastic displacement (Simard et al. 2003) as the workers' form; what comes from outside is ignored in masks.

    Args:
        alpha: strength; the displacement's standard deviation is about ``alpha / (18 sigma)`` pixels.
        sigma: width of the Gaussian in pixels.
        p: probability for each sample.
    """

    bends = True

    def __init__(self, alpha: float = 1.0, sigma: float = 50.0, p: float = 0.5) -> None:
        super().__init__(WorkerElastic(alpha=alpha, sigma=sigma, p=1.0), p)

    def draw(self, numbers: Numbers, size: Size) -> Motion:
        """Return a displacement."""
        self.worker.set_random_state(*numbers)
        return Motion(np.eye(3), self.worker.bend(size))


def turned(quarters: int, size: Size) -> Matrix:
    """Return the (3, 3) that turns a picture of ``size`` (H, W) ``quarters`` times by 90 degrees against the clock."""
    x, y = (size[1] - 1) / 2, (size[0] - 1) / 2
    turn = np.linalg.matrix_power(np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]), quarters)
    turn[:2, 2] = np.array([x, y]) - turn[:2, :2] @ [x, y]
    return turn
