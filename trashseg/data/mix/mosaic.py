"""Mosaic: four photographs in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from trashseg.data.mix.base import BatchMixer, Labelled
from trashseg.data.naming import check_number


class Mosaic(BatchMixer):
    """Mosaic (Bochkovskiy et al. 2020, "YOLOv4"): four photographs around a point.

    Each quarter shows a window of its photograph at a place of its own, up to ``shrink`` times smaller; which
    photograph comes to which quarter is drawn too.

    Args:
        p: probability for each photograph.
        margin: the point keeps this share of the sides from the borders, 0 to .5.
        shrink: at most so many times smaller, 1 and more; 1 keeps the scale, and no pixel is resampled.
    """

    num_partners = 3

    def __init__(self, p: float = 0.5, margin: float = 0.25, shrink: float = 2.0) -> None:
        super().__init__(p)
        self.margin = check_number("mix: margin of Mosaic", margin, 0, 0.5)
        self.shrink = check_number("mix: shrink of Mosaic", shrink, 1)

    def mix(self, own: Labelled, partners: Sequence[Labelled], rng: np.random.Generator) -> Labelled:
        """Return a mosaic of ``own`` and three partners."""
        height, width = own.mask.shape
        share = rng.uniform(self.margin, 1 - self.margin, 2)
        row, column = round(height * share[0]), round(width * share[1])
        image, mask = np.empty_like(own.image), np.empty_like(own.mask)
        sources = [own, *partners]
        spans = [(r, c) for r in (slice(0, row), slice(row, height)) for c in (slice(0, column), slice(column, width))]
        for quarter, k in zip(spans, rng.permutation(4).tolist(), strict=True):
            if mask[quarter].size:
                image[quarter], mask[quarter] = self._window(sources[k], mask[quarter].shape, rng)
        return Labelled(image, mask)

    def _window(self, source: Labelled, size: tuple[int, ...], rng: np.random.Generator) -> Labelled:
        """Return a random part of ``source`` at ``size`` (height, width)."""
        limits = [full / part for full, part in zip(source.mask.shape, size, strict=True)]
        shrink = rng.uniform(1, max(1.0, min(self.shrink, *limits)))
        sides = [min(full, round(part * shrink)) for full, part in zip(source.mask.shape, size, strict=True)]
        top, left = (int(rng.integers(full - side + 1)) for full, side in zip(source.mask.shape, sides, strict=True))
        window = (slice(top, top + sides[0]), slice(left, left + sides[1]))
        image, mask = source.image[window], source.mask[window]
        if mask.shape != size:
            # Down to half the size linear sampling leaves no pixel out, and takes a sixth of the time.
            mode = cv2.INTER_LINEAR if shrink <= 2 else cv2.INTER_AREA
            image = cv2.resize(image, size[::-1], interpolation=mode)
            mask = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        return Labelled(image, mask)
