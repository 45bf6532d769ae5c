"""Putting objects into the picture: perspective, shadows, what hides what, and the camera."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.synthetic.fields import grain
from trashseg.data.synthetic.sprites import Array, Color, Light, Sprite, axes, dim, jitter, mix, soften, toned


class Pose(NamedTuple):
    """Where an object lies: its middle (x, y) in pixels and its angle in radians."""

    centre: tuple[float, float]
    angle: float


class Box(NamedTuple):
    """A window of the picture in whole pixels, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> tuple[slice, slice]:
        """The window as an index of an image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def place(
    image: Array,
    owner: npt.NDArray[np.int16],
    sprite: Sprite,
    number: int,
    pose: Pose,
    rng: np.random.Generator,
    light: Light,
) -> None:
    """Lay one object onto the picture, in place.

    Args:
        image: float32 (size, size, 3) in [0, 1].
        owner: int16 (size, size); pixels that the object covers by half and more become ``number``.
        sprite: The object.
        number: What to write into ``owner``.
        pose: Where it lies.
        rng: Chooses the slight perspective and the depth of the shadow.
        light: Where the light comes from, (x, y) in the picture; the shadow falls away from it.
    """
    matrix = _perspective(sprite.cover.shape, pose, rng)
    height = rng.uniform(0.03, 0.1) * min(sprite.cover.shape)  # how high it rises over the ground, in pixels
    box = _window(sprite.cover.shape, matrix, image.shape[0], math.ceil(height * 2.5) + 2)
    if box is None:
        return
    shift = np.array([[1, 0, -box.left], [0, 1, -box.top], [0, 0, 1]], np.float64) @ matrix
    frame = (box.right - box.left, box.bottom - box.top)
    cover = cv2.warpPerspective(sprite.cover, shift, frame)
    opacity = cover if sprite.opacity is sprite.cover else cv2.warpPerspective(sprite.opacity, shift, frame)
    rgb = cv2.warpPerspective(sprite.rgb, shift, frame, borderMode=cv2.BORDER_REPLICATE)
    window = image[box.area]
    dim(window, _shadow(cover, opacity, height, light))
    mix(window, np.clip(rgb, 0, 1), opacity)
    owner[box.area][cover >= 0.5] = number


def _perspective(shape: tuple[int, ...], pose: Pose, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The homography from the sprite to the picture: turn, mirror never (print stays readable), slight tilt."""
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    cos, sin = math.cos(pose.angle), math.sin(pose.angle)
    middle = corners - np.array([width / 2, height / 2], np.float32)
    squeeze = np.array([1.0, rng.uniform(0.86, 1.0)])
    turned = (middle @ np.array([[cos, sin], [-sin, cos]])) * squeeze + pose.centre
    turned += rng.uniform(-0.05, 0.05, (4, 2)) * min(shape)
    return np.asarray(cv2.getPerspectiveTransform(corners, turned.astype(np.float32)), np.float64)


def _window(shape: tuple[int, ...], matrix: npt.NDArray[np.float64], size: int, margin: int) -> Box | None:
    """The part of the picture that the object and its shadow touch, or None where there is none."""
    height, width = shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    points = cv2.perspectiveTransform(corners, matrix)[0]
    left, top = (max(0, math.floor(v) - margin) for v in points.min(0))
    right, bottom = (min(size, math.ceil(v) + margin) for v in points.max(0))
    if right - left < 2 or bottom - top < 2:
        return None
    return Box(top, bottom, left, right)


def _shadow(cover: Array, opacity: Array, height: float, light: Light) -> Array:
    """The brightness factor (h, w) of the ground: a soft cast shadow and a dark line of contact."""
    cast = cv2.warpAffine(
        (cover + opacity) * 0.5, np.array([[1, 0, -light[0] * height], [0, 1, -light[1] * height]]), cover.shape[::-1]
    )
    cast = soften(cast, max(0.8, height * 0.45))
    contact = soften(cover, max(0.7, height * 0.18))
    return np.asarray((1 - 0.42 * cast) * (1 - 0.3 * contact), np.float32)


def photograph(image: Array, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Expose the scene: uneven light, vignette, white balance, brightness, blur and sensor noise.

    Args:
        image: float32 (size, size, 3), RGB; changed.
        rng: Chooses the camera and the hour.

    Returns:
        uint8 (size, size, 3), RGB.
    """
    size = image.shape[0]
    rows, columns = axes((size, size))
    angle, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.45)
    fall = 1 + slope * ((columns - 0.5) * math.cos(angle) + (rows - 0.5) * math.sin(angle))
    away = (columns - rng.uniform(0.4, 0.6)) ** 2 + (rows - rng.uniform(0.4, 0.6)) ** 2
    fall = fall - away * (rng.uniform(0.5, 1.3) if rng.uniform() < 0.2 else rng.uniform(0, 0.4))
    balance: Color = jitter(rng, (0.93, 0.93, 0.93), 0.07)
    exposure = rng.uniform(0.5, 0.8) if rng.uniform() < 0.2 else rng.uniform(0.88, 1.3)
    image *= toned((size, size), (balance[0] * exposure, balance[1] * exposure, balance[2] * exposure), fall)
    if rng.uniform() < 0.3:
        image[:] = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 0.9) * max(0.6, size / 512))
    noise = rng.uniform(0.004, 0.025)
    image += noise * grain(rng, image.shape)
    exposed: npt.NDArray[np.uint8] = cv2.convertScaleAbs(np.maximum(image, 0), alpha=255)
    return exposed
