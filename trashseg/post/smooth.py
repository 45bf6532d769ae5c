"""Smooth ragged borders of a class map."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from trashseg.majority import mode_filter
from trashseg.post.step import Image, Mask, Step
from trashseg.types import ConfigError

SIZES = range(3, 16, 2)


@dataclass(frozen=True, kw_only=True)
class ModeFilter(Step):
    """Give each pixel the most frequent class around it.

    Args:
        size: height and width of what counts as around it, odd, 3 to 15 pixels.

    Raises:
        ConfigError: another size.
    """

    size: int = 5

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ConfigError(f"the mode filter's size is {self.size}; give an odd number from 3 to 15.")

    def __call__(self, image: Image, probs: Tensor, pred: Mask) -> Mask:  # noqa: ARG002 - Step's
        """Return the smoothed map."""
        return mode_filter(pred, self.size)
