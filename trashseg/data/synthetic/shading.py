"""Light on surfaces: relief, rounded edges, bodies of revolution, turned metal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from trashseg.data.synthetic.sprites import Array, Light, Point, Sprite, soften


def relief(height: Array, light: Light, strength: float) -> Array:
    """Return the brightness factor (h, w) around 1 of a surface whose heights are in shares of its short side.

    ``light`` is the direction (x, y) in the picture that the light comes from.
    """
    scale = min(height.shape) / 8  # the unnormalised 3x3 Sobel operator weighs by 8
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1)
    slope = (slope_x * light[0] + slope_y * light[1]) * scale
    return np.asarray(1 - strength * slope / np.sqrt(1 + slope * slope), np.float32)


def bevel(cover: Array, light: Light, radius: float, strength: float) -> Array:
    """Return the brightness factor of a body whose edge is rounded over ``radius`` (share of the short side)."""
    sigma = max(0.8, radius * min(cover.shape))
    soft = soften(cover, sigma)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    return np.asarray(1 - strength * sigma * 0.25 * (slope_x * light[0] + slope_y * light[1]), np.float32)


class Lathe(NamedTuple):
    """A body of revolution that stands upright on its canvas.

    ``across`` (h, w): -1 at the left outline, 0 on the axis, 1 at the right outline, clipped there; ``along``
    (h, 1): 0 at the top, 1 at the bottom; ``cover`` (h, w).
    """

    across: Array
    along: Array
    cover: Array


def lathe(shape: tuple[int, int], profile: Sequence[Point]) -> Lathe:
    """Turn ``profile``, (place from the top, radius) in shares of height and half width, into a body."""
    along = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    places, radii = np.array(profile, np.float32).T
    radius = np.interp(along, places, radii).astype(np.float32)
    sigma = max(0.5, shape[0] / 90)  # glass and paper have no sharp kinks
    radius = cv2.GaussianBlur(radius[:, None], (1, 0), sigmaX=0.1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    half = shape[1] / 2 - 1
    radius = np.maximum(radius.reshape(-1, 1) * half, 0.01)
    columns = np.arange(shape[1], dtype=np.float32)[None, :] + 0.5 - shape[1] / 2
    cover = np.clip(radius - np.abs(columns) + 0.5, 0, 1)
    inside = (along >= places[0]) & (along <= places[-1])
    return Lathe(np.clip(columns / radius, -1, 1), along[:, None], np.asarray(cover * inside[:, None], np.float32))


def matte(across: Array, light: Light) -> Array:
    """Return the brightness factor of a dull round body, about 0.45 to 1.1."""
    depth = np.sqrt(np.maximum(1 - across * across, 0))
    return np.asarray(0.62 + 0.38 * depth + 0.28 * light[0] * across, np.float32)


def streak(across: Array, place: float, width: float) -> Array:
    """Return a highlight along a round body, 1 on its line; ``place`` and ``width`` in units of the radius."""
    return np.asarray(np.exp(-(((across - place) / width) ** 2)), np.float32)


def chrome(across: Array, rng: np.random.Generator, light: Light) -> Array:
    """Return the brightness (0..1) of a bare metal cylinder: dark and bright bands mirrored from around it."""
    place = 0.35 * light[0] + rng.uniform(-0.1, 0.1)
    bands = 0.42 + 0.42 * streak(across, place, 0.22) + 0.3 * streak(across, place + 0.62, 0.12)
    bands += 0.26 * streak(across, place - 0.66, 0.16) - 0.25 * streak(across, place + 0.34, 0.12)
    return np.asarray(np.clip(bands - 0.3 * across**8, 0.06, 1), np.float32)


def turned(shape: tuple[int, int], rng: np.random.Generator, rings: float = 40.0) -> tuple[Array, Array]:
    """Return brightness (0..1) of a disc turned on a lathe, and the radius (1 at the canvas's edge), both (h, w).

    Brushed discs mirror light in opposite fans, which no other material of the set does.
    """
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    radius = np.sqrt(rows * rows + columns * columns)
    angle = np.arctan2(rows, columns)
    fans = 0.6 + 0.22 * np.cos(2 * angle + rng.uniform(0, 6)) + 0.1 * np.cos(4 * angle + rng.uniform(0, 6))
    return np.asarray(fans + 0.03 * np.sin(radius * rings), np.float32), np.asarray(radius, np.float32)


def bend(sprite: Sprite, depth: float) -> Sprite:
    """Bow the rows of an upright round body downwards in the middle, as when it is seen from above.

    ``depth`` is the bow in shares of the canvas's height; the canvas needs that much room at its bottom.
    """
    height, width = sprite.cover.shape
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    drop = depth * height * np.sqrt(np.maximum(1 - columns * columns, 0))
    map_y = np.arange(height, dtype=np.float32)[:, None] - drop
    map_x = np.broadcast_to(np.arange(width, dtype=np.float32)[None, :], (height, width))
    return warp(sprite, np.ascontiguousarray(map_x), np.asarray(map_y, np.float32))


def dent(sprite: Sprite, rng: np.random.Generator, amount: float) -> Sprite:
    """Squash a body: rows slide sidewards along a kinked line; ``amount`` in shares of the width."""
    height, width = sprite.cover.shape
    kinks = np.interp(np.linspace(0, 1, height), np.linspace(0, 1, 6), rng.uniform(-1, 1, 6) * amount * width)
    map_x = np.arange(width, dtype=np.float32)[None, :] + kinks.astype(np.float32)[:, None]
    map_y = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, width))
    return warp(sprite, map_x, np.ascontiguousarray(map_y))


def warp(sprite: Sprite, map_x: Array, map_y: Array) -> Sprite:
    """Sample every layer at (map_x, map_y), in pixels; outside is empty."""
    rgb = cv2.remap(sprite.rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(sprite.cover, map_x, map_y, cv2.INTER_LINEAR)
    if sprite.opacity is sprite.cover:
        return Sprite(rgb, cover, cover)
    return Sprite(rgb, cover, cv2.remap(sprite.opacity, map_x, map_y, cv2.INTER_LINEAR))


def direction(angle: float) -> Light:
    """Return the unit vector (x, y) of an angle in radians."""
    return math.cos(angle), math.sin(angle)
