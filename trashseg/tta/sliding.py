"""A network that sees a large image through overlapping windows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import EllipsisType

import torch
from torch import Tensor

from trashseg.tta.blending import partition, starts
from trashseg.types import ConfigError

Part = tuple[EllipsisType, slice, slice]


class Sliding:
    """Square windows over an image; where they overlap, their probabilities are blended smoothly.

    Args:
        window: side of a window in pixels; shorter sides of an image are seen whole.
        overlap: share of a window that it has in common with the next, at least; 0 or more, below 1.

    Raises:
        ConfigError: one of them is out of its range.
    """

    def __init__(self, window: int = 512, overlap: float = 0.5) -> None:
        if not isinstance(window, int) or isinstance(window, bool) or window < 1:
            raise ConfigError(f"tta.sliding.window={window} is no number of pixels; give the size of training: 512.")
        if not isinstance(overlap, int | float) or not 0 <= overlap < 1:
            raise ConfigError(f"tta.sliding.overlap={overlap} is not 0 or more and below 1; give 0.5, for example.")
        self.window, self.overlap = window, overlap
        self._step = max(1, round(window * (1 - overlap)))

    def check(self, size: tuple[int, int]) -> None:
        """Check that windows make sense for an image of ``size`` (H, W).

        Raises:
            ConfigError: a window is larger than the image.
        """
        if self.window > min(size):
            height, width = size
            raise ConfigError(
                f"tta.sliding.window={self.window} is larger than the image, which reaches the network with {height}x"
                f"{width} pixels; set data.image_size={2 * self.window} or tta.sliding.window={min(size) // 2 or 1}."
            )

    def num_pixels(self, size: tuple[int, int]) -> int:
        """Return how many pixels the network sees of an image of ``size`` (H, W)."""
        height, width = (len(starts(length, self.window, self._step)) * min(length, self.window) for length in size)
        return height * width

    def __call__(self, net: Callable[[Tensor], Tensor], image: Tensor, most_pixels: int) -> Tensor:
        """Return the logarithms of the blended probabilities of ``image``.

        Args:
            net: gives logits for images.
            image: (N, 3, H, W).
            most_pixels: how many the network may see at a time; one window of each image always goes.

        Returns:
            (N, K, H, W), float32.
        """
        windows = self._windows((image.shape[-2], image.shape[-1]))
        if len(windows) == 1:
            return net(image)
        count = max(1, most_pixels // (len(image) * windows[0][1].numel()))
        total: Tensor | None = None
        for first in range(0, len(windows), count):
            chunk = windows[first : first + count]
            probs = net(torch.cat([image[part] for part, _ in chunk])).float().softmax(1)
            if total is None:
                total = probs.new_zeros(len(image), probs.shape[1], *image.shape[-2:])
            for (part, weight), own in zip(chunk, probs.chunk(len(chunk)), strict=True):
                total[part].addcmul_(own, weight.to(own.device))
        assert total is not None  # there is always a window
        return total.clamp_min_(torch.finfo(total.dtype).tiny).log_()

    def _windows(self, size: tuple[int, int]) -> list[tuple[Part, Tensor]]:
        """Return where windows lie in an image of ``size`` (H, W), with their weights, which sum to 1 everywhere."""
        axes = [self._along(length) for length in size]
        return [
            ((..., rows, columns), torch.outer(vertical, horizontal))
            for (rows, vertical), (columns, horizontal) in itertools.product(*axes)
        ]

    def _along(self, length: int) -> list[tuple[slice, Tensor]]:
        """Return the windows along one side of an image and their weights."""
        window, begins = min(length, self.window), starts(length, self.window, self._step)
        weights = partition(length, window, begins)
        return [(slice(begin, begin + window), own) for begin, own in zip(begins, weights, strict=True)]
