"""What the photographs themselves are like: mean and standard deviation of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.images import read_image
from trashseg.threads import in_threads

Floats = npt.NDArray[np.float64]


def channel_moments(paths: Sequence[Path]) -> Floats:
    """Return (N, 7) for N photographs: pixels, mean of R, G, B, and mean of their squares; values 0..1.

    Photographs are decoded at full size, since a shrunken one has a smaller deviation.

    Raises:
        DataError: a photograph cannot be read any more.
    """
    return np.array(list(in_threads(_moments, paths)), np.float64).reshape(-1, 7)


def pooled(moments: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of R, G and B over all pixels of the photographs, (3,) each."""
    mean, square = (np.average(block, 0, moments[:, 0]) for block in (moments[:, 1:4], moments[:, 4:7]))
    return mean, np.sqrt(square - mean**2)


def _moments(path: Path) -> list[float]:
    image = read_image(path)
    mean, deviation = (column.ravel() / 255 for column in cv2.meanStdDev(image))
    return [image.shape[0] * image.shape[1], *mean.tolist(), *(mean**2 + deviation**2).tolist()]
