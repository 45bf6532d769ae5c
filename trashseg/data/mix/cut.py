"""Mixers that lay a part of another photograph over one: a rectangle, some classes, or all objects.

Image and mask change in the same pixels, so that a pixel's label, or its being ignored, always comes from where its
colour comes from.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import cv2
import numpy as np

from trashseg.data.mix.base import Array, BatchMixer, Labelled
from trashseg.data.naming import check_number
from trashseg.types import IGNORE_INDEX


class CutMix(BatchMixer):
    """CutMix (Yun et al. 2019): a rectangle of the partner, at its own place.

    Its share of the picture is 1 - lam with lam from Beta(alpha, alpha), its shape the picture's, its centre anywhere;
    what would stick out is cut off. French et al. 2020 ("Semi-supervised semantic segmentation needs strong, varied
    perturbations") mix masks that way.

    Args:
        p: probability for each photograph.
        alpha: of the Beta distribution, above 0; 1, as in the paper, makes every share alike.
    """

    def __init__(self, p: float = 0.5, alpha: float = 1.0) -> None:
        super().__init__(p)
        self.alpha = check_number("mix: alpha of CutMix", alpha, 1e-3)

    def mix(self, own: Labelled, partners: Sequence[Labelled], rng: np.random.Generator) -> Labelled:
        """Return ``own`` with a rectangle of the partner."""
        side = np.sqrt(1 - rng.beta(self.alpha, self.alpha))
        window = tuple(_span(length, side, rng.random()) for length in own.mask.shape)
        image, mask = own.image.copy(), own.mask.copy()
        image[window], mask[window] = partners[0].image[window], partners[0].mask[window]
        return Labelled(image, mask)


def _span(length: int, share: float, centre: float) -> slice:
    """Return ``share`` of 0..``length`` around ``centre`` (0..1), cut off at the ends."""
    half = share * length / 2
    return slice(max(0, round(centre * length - half)), min(length, round(centre * length + half)))


class LabelMixer(BatchMixer):
    """Base of the mixers that take the partner's pixels of certain labels; ignored ones are never taken."""

    def mix(self, own: Labelled, partners: Sequence[Labelled], rng: np.random.Generator) -> Labelled:
        """Return ``own`` with the chosen pixels of the partner."""
        other = partners[0]
        taken = self.taken(other.mask, rng)
        image, mask = own.image.copy(), own.mask.copy()
        cv2.copyTo(other.image, taken, image)
        cv2.copyTo(other.mask, taken, mask)
        return Labelled(image, mask)

    @abstractmethod
    def taken(self, mask: Array, rng: np.random.Generator) -> Array:
        """Return the pixels of the partner's ``mask`` (H, W) that are taken as 255, the others as 0, uint8."""


class ClassMix(LabelMixer):
    """ClassMix (Olsson et al. 2021): the pixels of half of the classes that the partner holds, rounded up.

    As in the paper the background is a class like any other: with it, all of the partner's ground is taken. Set
    ``background`` to false to choose among the objects' classes only.

    Args:
        p: probability for each photograph.
        background: whether class 0 may be among the chosen half.
    """

    def __init__(self, p: float = 0.5, background: bool = True) -> None:
        super().__init__(p)
        self.background = background

    def taken(self, mask: Array, rng: np.random.Generator) -> Array:
        """Choose among the classes present."""
        present = [label for label in labels_in(mask) if label != IGNORE_INDEX and (label or self.background)]
        taken = np.zeros_like(mask)
        for label in rng.permutation(present)[: (len(present) + 1) // 2].astype(int).tolist():
            cv2.bitwise_or(taken, cv2.inRange(mask, label, label), taken)
        return taken


def labels_in(mask: Array) -> list[int]:
    """Return the values in ``mask``, smallest first; OpenCV's histogram takes twice as long."""
    found, rest = [], mask
    while highest := int(rest.max()):
        found.append(highest)
        rest = cv2.threshold(rest, highest - 1, 0, cv2.THRESH_TOZERO_INV)[1]
    return ([0] if not mask.min() else []) + found[::-1]


class ObjectMix(LabelMixer):
    """All objects of the partner, at their own place: every pixel that is neither background nor ignored.

    Ghiasi et al. 2021 ("Simple copy-paste") with all objects, and without their scale jitter, which the augmentation
    before it brings.
    """

    def taken(self, mask: Array, rng: np.random.Generator) -> Array:  # noqa: ARG002 - nothing is left to chance
        """Choose all but the background."""
        return np.asarray(cv2.inRange(mask, 1, IGNORE_INDEX - 1), np.uint8)
