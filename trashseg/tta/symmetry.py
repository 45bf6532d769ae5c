"""The eight symmetries of a rectangle: flips and quarter turns."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

FLIPS: dict[str, tuple[int, ...]] = {"none": (), "horizontal": (-1,), "vertical": (-2,), "both": (-2, -1)}
"""The axes that each flip turns round."""

ROTATIONS: dict[int, tuple[bool, tuple[int, ...]]] = {
    0: (False, ()),
    90: (True, (-2,)),
    180: (False, (-2, -1)),
    270: (True, (-1,)),
}
"""Each rotation, in degrees anticlockwise: whether rows become columns, and the axes that are then turned round."""


@dataclass(frozen=True)
class Symmetry:
    """A flip followed by a rotation, in the form in which equal ones are equal.

    Args:
        transposed: whether rows become columns first.
        axes: those that are turned round afterwards, ascending.
    """

    transposed: bool
    axes: tuple[int, ...]

    @classmethod
    def of(cls, flip: str, rotation: int) -> Symmetry:
        """Return that of a key of :data:`FLIPS` and then one of :data:`ROTATIONS`."""
        transposed, turned = ROTATIONS[rotation]
        flipped = {-3 - axis for axis in FLIPS[flip]} if transposed else set(FLIPS[flip])
        return cls(transposed, tuple(sorted(flipped.symmetric_difference(turned))))

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (height, width) that an image of ``size`` gets."""
        return (size[1], size[0]) if self.transposed else size

    def apply(self, image: Tensor) -> Tensor:
        """Return ``image`` (..., H, W), flipped and turned."""
        image = image.transpose(-2, -1) if self.transposed else image
        return image.flip(self.axes) if self.axes else image

    def invert(self, maps: Tensor) -> Tensor:
        """Return ``maps`` as they lie over the image before :meth:`apply`; exact."""
        maps = maps.flip(self.axes) if self.axes else maps
        return maps.transpose(-2, -1) if self.transposed else maps
