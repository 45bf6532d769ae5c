"""Random fields that textures are cut from, made once a process.

The fields come from a seed of their own and are only read, so a scene depends on nothing but its own seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]

_SIDE = 512
_COPIES = 3


def patch(kind: str, rng: np.random.Generator, shape: tuple[int, int], scale: float, turn: bool = True) -> Field:
    """Cut a random piece out of a cached field.

    Args:
        kind: "fractal" (clouds of all sizes), "crumple" (creased heights), "beads" (cells about 16 wide),
            "fibre" (strands along x), "blade" (short ones) or "grain" (independent values).
        rng: Chooses the copy, the place and the angle.
        shape: Height and width of the piece.
        scale: Field pixels a pixel of the piece; above 1 the pattern gets finer.
        turn: Whether the piece may be rotated freely; fibres keep their direction without.

    Returns:
        float32 (h, w), mean about 0 and standard deviation about 1 over the whole field.
    """
    copies = _bank(kind)
    field = copies[int(rng.integers(len(copies)))]
    need = (math.ceil(shape[0] * scale) + 1, math.ceil(shape[1] * scale) + 1)
    if max(need) > _SIDE or (turn and kind in ("fibre", "blade")):
        return _turned(field, rng, shape, scale, turn)
    top, left = (int(rng.integers(_SIDE - n + 1)) for n in need)
    piece = field[top : top + need[0], left : left + need[1]]
    if turn:
        piece = np.ascontiguousarray(piece[:: int(rng.choice((1, -1))), :: int(rng.choice((1, -1)))])
    return np.asarray(cv2.resize(piece, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def grain(rng: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Return independent normal values of any shape, cut from a cached field (drawing them anew is slow)."""
    copies = _bank("grain")
    values = copies[int(rng.integers(len(copies)))].reshape(-1)
    start = int(rng.integers(values.size // 2))
    return np.resize(values[start:], shape)


def _turned(field: Field, rng: np.random.Generator, shape: tuple[int, int], scale: float, turn: bool) -> Field:
    """Cut a piece at any angle; what lies outside of the field is its mirror image."""
    angle = rng.uniform(0, 2 * math.pi) if turn else 0.0
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    matrix = np.array([[cos, -sin, rng.uniform(0, _SIDE)], [sin, cos, rng.uniform(0, _SIDE)]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    piece: Field = cv2.warpAffine(field, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return piece


@cache
def _bank(kind: str) -> tuple[Field, ...]:
    """Return the cached copies of one field, each (512, 512)."""
    make = _MAKERS[kind]
    rng = np.random.default_rng(sorted(_MAKERS).index(kind))
    return tuple(_standard(make(rng)) for _ in range(_COPIES))


def _standard(field: Field) -> Field:
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def _octave(rng: np.random.Generator, cells: int) -> Field:
    """Smooth noise with about ``cells`` bumps a side, on a grid turned at random so that no axis shows."""
    values = rng.standard_normal((cells * 2, cells * 2), dtype=np.float32)
    wide = cv2.resize(values, (_SIDE * 2, _SIDE * 2), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((_SIDE, _SIDE), rng.uniform(0, 360), 1.0)
    turn[:, 2] -= _SIDE / 2
    return np.asarray(cv2.warpAffine(wide, turn, (_SIDE, _SIDE), borderMode=cv2.BORDER_REFLECT), np.float32)


def _fractal(rng: np.random.Generator) -> Field:
    total = np.zeros((_SIDE, _SIDE), np.float32)
    for power in range(1, 8):
        total += _octave(rng, 2**power) / 1.7**power
    return total


def _crumple(rng: np.random.Generator) -> Field:
    """Heights with creases: absolute values of noise fold where the noise changes sign."""
    total = np.zeros((_SIDE, _SIDE), np.float32)
    for power in range(2, 6):
        total += np.abs(_octave(rng, 2**power)) / 2**power
    return total


def _beads(rng: np.random.Generator) -> Field:
    """Voronoi cells of a jittered grid: round and bright in the middle, dark in the joints."""
    step = 16
    places = np.arange(step // 2, _SIDE, step)
    grid = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    seeds = np.clip(grid + rng.integers(-6, 7, grid.shape), 0, _SIDE - 1)
    source = np.full((_SIDE, _SIDE), 255, np.uint8)
    source[seeds[:, 1], seeds[:, 0]] = 0
    distance, labels = cv2.distanceTransformWithLabels(source, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    tone = rng.standard_normal(int(labels.max()) + 1).astype(np.float32)
    ridge = cv2.dilate(distance, np.ones((step + 1, step + 1), np.uint8))  # about the half width of each cell
    return np.asarray(0.25 * tone[labels] - (distance / np.maximum(ridge, 1)) ** 3 * 2, np.float32)


def _fibre(rng: np.random.Generator) -> Field:
    noise = rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), sigmaX=18, sigmaY=0.7)
    broad = cv2.GaussianBlur(noise, (0, 0), sigmaX=60, sigmaY=4)
    return np.asarray(fine / fine.std() + broad / broad.std(), np.float32)


def _blade(rng: np.random.Generator) -> Field:
    noise = rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=9, sigmaY=0.9), np.float32)


def _grain(rng: np.random.Generator) -> Field:
    return rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)


_MAKERS: dict[str, Callable[[np.random.Generator], Field]] = {
    "beads": _beads,
    "blade": _blade,
    "crumple": _crumple,
    "fibre": _fibre,
    "fractal": _fractal,
    "grain": _grain,
}
