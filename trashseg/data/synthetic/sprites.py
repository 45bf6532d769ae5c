"""One drawn object before it is placed: colours, shape and opacity, and the shapes that objects are cut from."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Color = tuple[float, float, float]
Light = tuple[float, float]
Point = tuple[float, float]

_SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel


class Sprite(NamedTuple):
    """An object on its own canvas, all float32 in [0, 1].

    ``rgb`` (h, w, 3); ``cover`` (h, w), 1 where the object is; ``opacity`` (h, w), at most ``cover``, how much
    of what lies behind is hidden.
    """

    rgb: Array
    cover: Array
    opacity: Array


def solid(rgb: Array, cover: Array) -> Sprite:
    """Return an opaque object."""
    return Sprite(rgb, cover, cover)


def sheer(rgb: Array, cover: Array, opacity: Array) -> Sprite:
    """Return an object that lets light through where ``opacity`` (h, w; clipped to [0, cover]) is below ``cover``."""
    return Sprite(rgb, cover, np.asarray(np.clip(opacity, 0, cover), np.float32))


def blank(shape: tuple[int, int], color: Color = (0.0, 0.0, 0.0)) -> Array:
    """Return a canvas (h, w, 3) of one colour."""
    pixel = np.array([[color]], np.float32)
    canvas: Array = cv2.copyMakeBorder(pixel, 0, shape[0] - 1, 0, shape[1] - 1, cv2.BORDER_REPLICATE)
    return canvas


def zeros(shape: tuple[int, int]) -> Array:
    """Return an empty (h, w) mask."""
    return np.zeros(shape, np.float32)


def axes(shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return rows (h, 1) and columns (1, w) of pixel centres as shares in [0, 1]."""
    rows = (np.arange(shape[0], dtype=np.float32) + 0.5) / shape[0]
    columns = (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1]
    return rows[:, None], columns[None, :]


def tint(rng: np.random.Generator, saturation: Point = (0.4, 0.85), value: Point = (0.4, 0.92)) -> Color:
    """Return a colour of any hue with saturation and value in the given ranges."""
    return colorsys.hsv_to_rgb(rng.uniform(0, 1), rng.uniform(*saturation), rng.uniform(*value))


def jitter(rng: np.random.Generator, color: Color, amount: float = 0.05) -> Color:
    """Return ``color`` lighter or darker by up to ``amount`` and a little off in hue."""
    lift = rng.uniform(-amount, amount)
    red, green, blue = (min(1.0, max(0.0, v + lift + rng.uniform(-0.2, 0.2) * amount)) for v in color)
    return red, green, blue


def mix(under: Array, over: Array | Color, weight: Array) -> None:
    """Lay ``over`` (a picture or a colour) onto ``under`` in place; ``weight`` (h, w) in [0, 1]."""
    shape = (under.shape[0], under.shape[1])
    top = blank(shape, over) if isinstance(over, tuple) else over
    under += (top - under) * _triple(weight, shape)


def dim(rgb: Array, factor: Array) -> None:
    """Multiply a picture (h, w, 3) by ``factor``, (h, w) or of a shape that broadcasts to it, in place."""
    rgb *= _triple(factor, (rgb.shape[0], rgb.shape[1]))


def lit(rgb: Array, factor: Array) -> Array:
    """Return a picture (h, w, 3) times ``factor``, (h, w) or of a shape that broadcasts to it."""
    return rgb * _triple(factor, (rgb.shape[0], rgb.shape[1]))


def toned(shape: tuple[int, int], color: Color, factor: Array) -> Array:
    """Return a canvas (h, w, 3) of one colour times ``factor``, (h, w) or of a shape that broadcasts to it."""
    return blank(shape, color) * _triple(factor, shape)


def _triple(values: Array, shape: tuple[int, int]) -> Array:
    """Repeat a mask for the three colours: numpy is slow when it broadcasts along so short an axis."""
    full = np.ascontiguousarray(np.broadcast_to(values, shape), np.float32)
    tripled: Array = cv2.merge([full, full, full])
    return tripled


def soften(mask: Array, sigma: float) -> Array:
    """Blur (h, w) with a Gaussian of ``sigma`` pixels; wide ones at a lower resolution, which no eye can tell."""
    step = int(sigma / 2.5)
    height, width = mask.shape
    if step < 2 or min(height, width) < 8 * step:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)
    small = cv2.resize(mask, (width // step, height // step), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def polygon(shape: tuple[int, int], points: Sequence[Point] | npt.NDArray[np.floating]) -> Array:
    """Return the antialiased mask of a polygon given as (x, y) in shares of width and height."""
    canvas = np.zeros(shape, np.uint8)
    scaled = np.asarray(points, np.float64) * (shape[1], shape[0]) * 2**_SHIFT
    cv2.fillPoly(canvas, [np.round(scaled).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    return canvas.astype(np.float32) / 255


def ellipse(shape: tuple[int, int], centre: Point, radii: Point) -> Array:
    """Return the antialiased mask of an upright ellipse in shares of width and height."""
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    points = np.stack([centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)], 1)
    return polygon(shape, points)


def rounded(shape: tuple[int, int], inset: float, radius: float) -> Array:
    """Return a rectangle ``inset`` from the canvas's edge with round corners, both in shares of the short side."""
    short = min(shape)
    rows = np.abs(np.arange(shape[0], dtype=np.float32) + 0.5 - shape[0] / 2)[:, None]
    columns = np.abs(np.arange(shape[1], dtype=np.float32) + 0.5 - shape[1] / 2)[None, :]
    corner = radius * short
    far_y = np.maximum(rows - (shape[0] / 2 - inset * short - corner), 0)
    far_x = np.maximum(columns - (shape[1] / 2 - inset * short - corner), 0)
    cover: Array = np.clip(corner + 0.5 - np.sqrt(far_x * far_x + far_y * far_y), 0, 1)
    return cover


def blob(shape: tuple[int, int], rng: np.random.Generator, rough: float = 0.25, num_points: int = 40) -> Array:
    """Return an irregular closed shape that nearly fills the canvas; ``rough`` 0 is an ellipse."""
    angles = np.linspace(0, 2 * math.pi, num_points, endpoint=False)
    radius = np.ones(num_points)
    for order in range(2, 9):
        radius += rough / order * rng.normal() * np.cos(order * angles + rng.uniform(0, 2 * math.pi))
    radius = 0.48 * np.maximum(radius / radius.max(), 0.5)  # never pinched through
    return polygon(shape, np.stack([0.5 + radius * np.cos(angles), 0.5 + radius * np.sin(angles)], 1))


def bite(rng: np.random.Generator, cover: Array, noise: Array, depth: float) -> Array:
    """Make the edge of ``cover`` ragged by ``noise`` (h, w); ``depth`` in shares of the short side."""
    sigma = max(0.8, depth * min(cover.shape) / 2)
    soft = soften(cover, sigma)
    sharp = 1.5 + sigma * 1.2
    ragged: Array = np.clip((soft + 0.12 * noise - rng.uniform(0.45, 0.55)) * sharp + 0.5, 0, 1)
    return ragged * cover


def paste(sprite: Sprite, face: Array, quad: Sequence[Point], brightness: float = 1.0) -> None:
    """Draw the flat picture ``face`` (h, w, 3) into a quadrilateral of ``sprite``, in place.

    ``quad`` holds the places of the face's top left, top right, bottom right and bottom left corner as (x, y)
    shares of the canvas.
    """
    shape = (sprite.cover.shape[0], sprite.cover.shape[1])
    target = np.asarray(quad, np.float32) * np.array([shape[1], shape[0]], np.float32)
    height, width = face.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    drawn = cv2.warpPerspective(face, matrix, (shape[1], shape[0]), borderMode=cv2.BORDER_REPLICATE)
    mask = polygon(shape, quad)
    mix(sprite.rgb, drawn * brightness, mask)
    np.maximum(sprite.cover, mask, out=sprite.cover)
    if sprite.opacity is not sprite.cover:
        np.maximum(sprite.opacity, mask, out=sprite.opacity)
