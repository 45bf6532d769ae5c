"""Clean painted masks: smooth ragged borders, close the seams between neighbouring objects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.majority import classes_in, mode_filter, most_frequent
from trashseg.types import ConfigError

Mask = npt.NDArray[np.uint8]

MODE_SIZES = (3, 5)


@dataclass(frozen=True)
class Cleaning:
    """How masks are cleaned after painting, if at all.

    Args:
        seam_repair: give strips of background at most two pixels wide between objects to these objects: annotators'
            polygons seldom touch where the objects do.
        mode_filter: 3 or 5: each pixel becomes the most frequent class of the 3x3 or 5x5 pixels around it; None: not.

    Raises:
        ConfigError: another size.
    """

    seam_repair: bool = False
    mode_filter: int | None = None

    def __post_init__(self) -> None:
        if self.mode_filter is not None and self.mode_filter not in MODE_SIZES:
            raise ConfigError(f"data.mode_filter={self.mode_filter} is no size; give 3, 5 or null.")

    def __bool__(self) -> bool:
        """Say whether anything is cleaned."""
        return self.seam_repair or self.mode_filter is not None

    def __call__(self, mask: Mask) -> Mask:
        """Return the cleaned mask (H, W), uint8; ignored pixels stay as they are and decide nothing."""
        if self.seam_repair:
            mask = repair_seams(mask)
        return mode_filter(mask, self.mode_filter) if self.mode_filter is not None else mask


AS_PAINTED = Cleaning()
"""No cleaning."""


def repair_seams(mask: Mask) -> Mask:
    """Return ``mask`` without strips of background of one or two pixels' width between objects.

    A seam is background that no 3x3 square of background covers (a morphological opening). It takes the most frequent
    class of the objects around it, from both sides inwards. The photograph's border closes no strip.
    """
    background = (mask == 0).astype(np.uint8)
    # Beyond the border all counts as background, so that a narrow margin there is no seam.
    wide = cv2.copyMakeBorder(background, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(1,))
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))[2:-2, 2:-2]
    seam = (background == 1) & (opened == 0)
    objects = [value for value in classes_in(mask) if value != 0]
    repaired = mask.copy()
    # Two pixels wide: the first pass fills what touches an object, the second what lies behind.
    for _ in range(2):
        open_still = seam & (repaired == 0)
        repaired[open_still] = most_frequent(repaired, objects, 3)[open_still]
    return repaired
