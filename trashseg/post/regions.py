"""Remove specks and fill holes of a class map."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from trashseg.post.step import Flags, Image, Mask, Step
from trashseg.types import ConfigError

Window = tuple[slice, slice]


@dataclass(frozen=True, kw_only=True)
class _SmallRegions(Step):
    """Give small regions of one class another one.

    Args:
        share: regions up to this share of the photograph's pixels count as small, 0..1.

    Raises:
        ConfigError: ``share`` is no share.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"the share of small regions is {self.share}; give 0 to 1, such as 0.0005.")

    def __call__(self, image: Image, probs: Tensor, pred: Mask) -> Mask:  # noqa: ARG002 - Step's
        """Return the map with other classes in the small regions."""
        result, limit = pred.copy(), int(self.share * pred.size)
        for window, inside in self._regions(pred, limit):
            result[window][inside] = self._replacement(window, inside, probs, pred)
        return result

    @abstractmethod
    def _regions(self, pred: Mask, limit: int) -> Iterator[tuple[Window, Flags]]:
        """Yield the box around each region of at most ``limit`` pixels and, within it, which pixels belong to it."""

    @abstractmethod
    def _replacement(self, window: Window, inside: Flags, probs: Tensor, pred: Mask) -> int:
        """Return the class that a region of ``pred`` is to have."""


@dataclass(frozen=True, kw_only=True)
class RemoveSpecks(_SmallRegions):
    """Remove small regions of any class but the background; pixels that touch at a corner hang together.

    Args:
        share: as above.
        surrounding: take the most frequent class around the region, instead of the next most probable within it.
    """

    share: float = 0.0005
    surrounding: bool = False

    def _regions(self, pred: Mask, limit: int) -> Iterator[tuple[Window, Flags]]:
        for value in np.unique(pred[pred > 0]).tolist():
            yield from _small(pred == value, limit, connectivity=8)

    def _replacement(self, window: Window, inside: Flags, probs: Tensor, pred: Mask) -> int:
        if self.surrounding:
            return _class_around(window, inside, pred)
        sums = probs[:, *window].flatten(1)[:, np.flatnonzero(inside)].sum(1)
        sums[int(pred[window][inside][0])] = -1
        return int(sums.argmax())


@dataclass(frozen=True, kw_only=True)
class FillHoles(_SmallRegions):
    """Fill background that objects enclose with the most frequent class around it.

    Background pixels that touch at a corner only do not hang together, and what touches the photograph's border is no
    hole.
    """

    share: float = 0.005

    def _regions(self, pred: Mask, limit: int) -> Iterator[tuple[Window, Flags]]:
        height, width = pred.shape
        for (rows, columns), inside in _small(pred == 0, limit, connectivity=4):
            if rows.start > 0 and columns.start > 0 and rows.stop < height and columns.stop < width:
                yield (rows, columns), inside

    def _replacement(self, window: Window, inside: Flags, probs: Tensor, pred: Mask) -> int:  # noqa: ARG002
        return _class_around(window, inside, pred)


def _small(flags: Flags, limit: int, connectivity: int) -> Iterator[tuple[Window, Flags]]:
    """Yield box and pixels of each connected region of ``flags`` (H, W) with at most ``limit`` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(flags.astype(np.uint8), connectivity=connectivity)
    for label in (np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] <= limit) + 1).tolist():
        left, top, width, height, _ = stats[label].tolist()
        window = (slice(top, top + height), slice(left, left + width))
        yield window, labels[window] == label


def _class_around(window: Window, inside: Flags, pred: Mask) -> int:
    """Return the most frequent other class of the pixels that touch a region, the lowest of several, or its own."""
    rows, columns = (slice(max(0, part.start - 1), part.stop + 1) for part in window)
    wide: npt.NDArray[np.uint8] = np.zeros(pred[rows, columns].shape, np.uint8)
    top, left = window[0].start - rows.start, window[1].start - columns.start
    wide[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    rim = (cv2.dilate(wide, np.ones((3, 3), np.uint8)) == 1) & (wide == 0)
    own, around = int(pred[window][inside][0]), pred[rows, columns][rim]
    others = around[around != own]  # of its own class are regions that it touches at a corner without hanging together
    return int(np.bincount(others).argmax()) if len(others) else own
