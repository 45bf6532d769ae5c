"""Perceptual hashes: pairs of photographs that are alike as a whole, in any of the eight orientations."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

_LOW = 8
_BLOCK = 256

Hashes = npt.NDArray[np.uint64]


def near_by_hash(tiny: npt.NDArray[np.uint8], max_bits: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (i, j, mirrored), i < j, of pictures whose hashes differ in at most ``max_bits`` of 63 bits.

    ``tiny`` is (N, side, side) uint8, grey. A pair that is near in several orientations comes several times. All pairs
    are compared, a block of rows at a time: the memory is that of 256 x N numbers.
    """
    variants = list(orientation_hashes(tiny))
    upright = variants[0][0]
    for start in range(0, len(upright), _BLOCK):
        rows = upright[start : start + _BLOCK, None]
        for hashes, mirrored in variants:
            found = np.argwhere(np.bitwise_count(rows ^ hashes) <= max_bits)
            yield from ((start + i, j, mirrored) for i, j in found.tolist() if start + i < j)


def orientation_hashes(tiny: npt.NDArray[np.uint8]) -> Iterator[tuple[Hashes, bool]]:
    """Yield the hashes (N,) of ``tiny`` (N, side, side) in each orientation, the upright one first; and if mirrored.

    A hash is the signs of the lowest 8 x 8 cosine coefficients but the constant one, after Zauner (Implementation and
    Benchmarking of Perceptual Image Hash Functions, 2010). When a picture is turned or mirrored, its coefficients
    change places and signs; no picture is turned here.
    """
    basis = cv2.dct(np.eye(tiny.shape[-1]), flags=cv2.DCT_ROWS).T[:_LOW]
    low = basis @ tiny.astype(np.float64) @ basis.T
    odd = (-1.0) ** np.arange(_LOW)
    for transposed in (False, True):
        for upside_down in (False, True):
            for sideways in (False, True):
                turned = low.swapaxes(1, 2) if transposed else low
                turned = turned * (odd[:, None] if upside_down else 1) * (odd if sideways else 1)
                yield _as_bits(turned), transposed ^ upside_down ^ sideways


def _as_bits(coefficients: npt.NDArray[np.float64]) -> Hashes:
    """Return the signs of the ``coefficients`` (N, 8, 8) as one number each; the constant one's bit is 0."""
    bits = (coefficients > 0).reshape(len(coefficients), -1)
    bits[:, 0] = False
    weights = np.uint64(1) << np.arange(_LOW**2, dtype=np.uint64)
    return np.asarray((bits * weights).sum(axis=1), dtype=np.uint64)
