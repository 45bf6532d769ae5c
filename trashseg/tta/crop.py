"""Parts of a picture that a view enlarges."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trashseg.tta.blending import taper

CROPS: dict[str, tuple[float, float]] = {
    "whole": (0.0, 0.0),
    "top_left": (0.0, 0.0),
    "top_right": (0.0, 1.0),
    "bottom_left": (1.0, 0.0),
    "bottom_right": (1.0, 1.0),
    "centre": (0.5, 0.5),
}
"""Where each crop lies: what share of the rest of height and width is above and left of it."""

CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


@dataclass(frozen=True)
class Crop:
    """A part of a picture, of its proportions.

    Args:
        name: a key of :data:`CROPS`.
        side: its share of height and width, above 0; 1 for ``whole``.
    """

    name: str = "whole"
    side: float = 1.0

    def part(self, size: tuple[int, int]) -> tuple[slice, slice]:
        """Return rows and columns of the crop in a picture of ``size``."""
        # Rounded up, so that four corners of half a side leave no gap.
        lengths = [math.ceil(self.side * length) for length in size]
        rests = [round(share * (full - own)) for share, full, own in zip(CROPS[self.name], size, lengths, strict=True)]
        rows, columns = (slice(rest, rest + own) for rest, own in zip(rests, lengths, strict=True))
        return rows, columns

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the height and width of the crop in a picture of ``size``."""
        rows, columns = self.part(size)
        return rows.stop - rows.start, columns.stop - columns.start

    def weight(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """Return weights that broadcast to the crop of a picture of ``size``, float32, above 0 and at most 1.

        They fall towards the edges inside the picture, where the network lacks half of the surroundings.
        """
        return _weight(self, size).to(device)


@functools.lru_cache(maxsize=32)
def _weight(crop: Crop, size: tuple[int, int]) -> Tensor:
    if crop.name == "whole":
        return torch.ones(())
    sides = [
        taper(part.stop - part.start, first=part.start > 0, last=part.stop < full)
        for part, full in zip(crop.part(size), size, strict=True)
    ]
    return torch.outer(*sides).float()
