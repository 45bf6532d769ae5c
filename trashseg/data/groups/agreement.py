"""Whether two pictures show the same place: points that agree on one movement from one picture to the other.

Each matched pair of points, having a place, a scale and a direction, proposes a movement by itself; the one that most
others follow is refined to an affine one (Philbin and others, Object Retrieval with Large Vocabularies and Fast Spatial
Matching, 2007). Nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.groups.fingerprint import TINY
from trashseg.data.groups.points import mirror_descriptions, mirror_places

Floats = npt.NDArray[np.float32]

_FULL = 255.0**2
_RATIO = 0.85
_TOLERANCE = 8.0
_MAX_TURN, _MAX_ZOOM = np.pi / 6, np.log(1.6)
_NUM_REFINEMENTS = 4
_MIN_POINTS = 4
_MIN_OVERLAP = 0.4
_PLAIN = 20
_MIN_CONTRAST = 2.0


@dataclass(frozen=True)
class Agreement:
    """How well two pictures agree.

    Args:
        points: how many points follow one movement.
        spread: the share, 0..1, of the picture that these points surround, the smaller of the two pictures'.
        likeness: correlation, -1..1, of the two tiny pictures where the moved one lies on the other; 0 where they
            overlap less than 40 %. Without a movement, that of the whole tiny pictures in the best of four turns if one
            is plain (has fewer than 20 points), else 0.
    """

    points: int = 0
    spread: float = 0.0
    likeness: float = 0.0


@dataclass(frozen=True)
class View:
    """The points and the tiny picture of one photograph, ready to be compared."""

    places: Floats  # (P, 4)
    descriptions: Floats  # (P, SIZE)
    tiny: npt.NDArray[np.uint8]  # (TINY, TINY)
    size: npt.NDArray[np.int32]  # (height, width) of the picture that the places are in

    @classmethod
    def of(cls, fingerprint: npt.NDArray[Any], *, mirrored: bool = False) -> View:
        """Open a ``fingerprint``, as it is or turned left to right."""
        count, size = fingerprint["count"], fingerprint["size"]
        places = fingerprint["places"][:count].astype(np.float32)
        descriptions = fingerprint["descriptions"][:count].astype(np.float32)
        tiny = fingerprint["tiny"][..., 0]
        if mirrored:
            places = mirror_places(places, int(size[1]))
            descriptions, tiny = mirror_descriptions(descriptions), tiny[:, ::-1]
        return cls(places, descriptions, np.ascontiguousarray(tiny), size)


def compare(first: View, second: View) -> Agreement:
    """Find the movement from ``first`` to ``second`` on which most points agree, and measure it."""
    one, other = match(first.descriptions, second.descriptions)
    start, end = first.places[one], second.places[other]
    follows, movement = common_movement(start, end)
    if movement is None:
        plain = min(len(first.places), len(second.places)) < _PLAIN
        return Agreement(likeness=_turned_likeness(first.tiny, second.tiny) if plain else 0.0)
    spread = min(_surrounded(start[follows], first.size), _surrounded(end[follows], second.size))
    return Agreement(int(follows.sum()), spread, _likeness(first, second, movement))


def match(first: Floats, second: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Match points by their descriptions, (P, D) and (Q, D): the nearest, if clearly nearer than the second.

    Returns:
        The positions (M,) in both; none occurs twice. Lowe's test: the distance is below 0.85 of the second's.
    """
    if len(first) == 0 or len(second) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # All have one length, so that the distance is a falling function of the product.
    product = first @ second.T
    rows, best = np.arange(len(first)), product.argmax(axis=1)
    top = product[rows, best]
    product[rows, best] = -np.inf
    clear = np.flatnonzero(_FULL - top < _RATIO**2 * (_FULL - product.max(axis=1)))
    clear = clear[np.argsort(-top[clear], kind="stable")]
    _, once = np.unique(best[clear], return_index=True)
    return clear[once], best[clear[once]]


def common_movement(start: Floats, end: Floats) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64] | None]:
    """Find the movement that most of the points at ``start`` (M, 4) make to ``end`` (M, 4); see find_points.

    Returns:
        Which points follow it (M,), and its matrix (3, 2) for rows (x, y, 1); None where fewer than 4 do.
    """
    if len(start) < _MIN_POINTS:
        return np.zeros(len(start), bool), None
    turn, zoom = end[:, 3] - start[:, 3], np.log(end[:, 2] / start[:, 2])
    follows, kin = _best_proposal(start, end, turn, zoom)
    places, matrix = np.column_stack([start[:, :2], np.ones(len(start))]), None
    for _ in range(_NUM_REFINEMENTS):
        if follows.sum() < _MIN_POINTS:
            return follows, None
        matrix = np.linalg.lstsq(places[follows], end[follows, :2].astype(np.float64), rcond=None)[0]
        off = np.linalg.norm(places @ matrix - end[:, :2], axis=1)
        follows = kin & (off < _TOLERANCE)
    return follows, matrix if follows.sum() >= _MIN_POINTS else None


def _best_proposal(
    start: Floats, end: Floats, turn: Floats, zoom: Floats
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which points (M,) follow the best point's movement, and which turn and grow about as it does."""
    from_, to = start[:, 0] + 1j * start[:, 1], end[:, 0] + 1j * end[:, 1]
    factor = np.exp(zoom + 1j * turn)
    # Row k: by how far the others miss, when all make the movement of point k.
    miss = np.abs(factor[:, None] * (from_ - from_[:, None]) - (to - to[:, None]))
    turned = np.abs((turn - turn[:, None] + np.pi) % (2 * np.pi) - np.pi)
    kin = (turned < _MAX_TURN) & (np.abs(zoom - zoom[:, None]) < _MAX_ZOOM)
    follows = kin & (miss < 2 * _TOLERANCE)
    best = follows.sum(axis=1).argmax()
    return follows[best], kin[best]


def _surrounded(places: Floats, size: npt.NDArray[np.int32]) -> float:
    """Return the share of a picture of ``size`` (height, width) inside the hull of ``places``."""
    hull = cv2.convexHull(np.ascontiguousarray(places[:, :2], dtype=np.float32))
    return float(cv2.contourArea(hull)) / float(np.prod(size))


def _likeness(first: View, second: View, movement: npt.NDArray[np.float64]) -> float:
    """Return the correlation of the first tiny picture and the second one moved back onto it."""
    scale = [np.diag([size[1] / TINY, size[0] / TINY]) for size in (first.size, second.size)]
    # A tiny pixel's centre is at (i + 0.5) * scale - 0.5 of the picture.
    shift = [(np.diag(each) - 1) / 2 for each in scale]
    linear = scale[0] @ movement[:2] @ np.linalg.inv(scale[1])
    offset = (shift[0] @ movement[:2] + movement[2] - shift[1]) @ np.linalg.inv(scale[1])
    matrix = np.vstack([linear, offset]).T
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second.tiny, matrix, (TINY, TINY), flags=how)
    inside = cv2.warpAffine(np.full_like(second.tiny, 255), matrix, (TINY, TINY), flags=how) == 255
    return _correlation(first.tiny[inside], moved[inside]) if inside.mean() >= _MIN_OVERLAP else 0.0


def _turned_likeness(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return the largest correlation of two square pictures over the four turns of the second."""
    return max(_correlation(one, np.rot90(other, quarter)) for quarter in range(4))


def _correlation(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return the correlation, -1..1, of two sets of pixels; 0 where one has hardly any contrast."""
    a, b = (pixels.astype(np.float64).ravel() - pixels.mean() for pixels in (one, other))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if min(a.std(), b.std()) > _MIN_CONTRAST else 0.0
