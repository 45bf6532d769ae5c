"""What the trash lies on: concrete, asphalt, grass, tiles, wood, sand, a conveyor belt."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import grain, patch
from trashseg.data.synthetic.shading import relief
from trashseg.data.synthetic.sprites import Array, Color, Light, axes, dim, jitter, lit, mix, soften, tint, toned, zeros


def draw_ground(rng: np.random.Generator, size: int, light: Light) -> Array:
    """Draw one of seven grounds.

    Returns:
        float32 (size, size, 3) in about [0, 1], lit from ``light``, without objects.
    """
    grounds = (_concrete, _asphalt, _grass, _tiles, _wood, _sand, _belt)
    return grounds[int(rng.integers(len(grounds)))](rng, size, light)


def _toned(size: int, color: Color, tone: Array) -> Array:
    return toned((size, size), color, tone)


def _specks(rng: np.random.Generator, size: int, level: float) -> Array:
    """Scattered spots a few pixels wide: where blurred noise exceeds ``level`` standard deviations."""
    spots = soften(grain(rng, (size, size)), size / 220)
    strength: Array = np.clip((spots / spots.std() - level) * 3, 0, 1)
    return strength


def _cracks(rng: np.random.Generator, rgb: Array, num: int) -> None:
    """Draw wandering dark cracks, in place."""
    size = rgb.shape[0]
    mask = np.zeros((size, size), np.uint8)
    for _ in range(num):
        steps = rng.normal(0, 0.5, 24).cumsum() * 0.35 + rng.uniform(0, 2 * math.pi)
        walk = np.stack([np.cos(steps), np.sin(steps)], 1).cumsum(0) * size / 20 + rng.uniform(0, size, 2)
        cv2.polylines(mask, [np.round(walk).astype(np.int32)], False, 255, max(1, size // 200), cv2.LINE_AA)
    mix(rgb, (0.1, 0.09, 0.08), mask.astype(np.float32) / 255 * rng.uniform(0.5, 0.9))


def _concrete(rng: np.random.Generator, size: int, light: Light) -> Array:
    shape = (size, size)
    fine = patch("fractal", rng, shape, 900 / size)
    tone = 1 + 0.07 * patch("fractal", rng, shape, 300 / size) + 0.03 * grain(rng, shape)
    rgb = _toned(size, jitter(rng, (0.58, 0.56, 0.53), 0.09), tone * relief(fine * 0.0014, light, 0.8))
    mix(rgb, (0.2, 0.19, 0.18), _specks(rng, size, 2.6) * 0.6)
    _cracks(rng, rgb, int(rng.integers(0, 4)))
    if rng.uniform() < 0.4:
        _joint(rng, rgb)
    return rgb


def _joint(rng: np.random.Generator, rgb: Array) -> None:
    """Draw one straight expansion joint, in place."""
    size = rgb.shape[0]
    angle, offset = rng.uniform(0, math.pi), rng.uniform(-0.3, 0.3)
    rows, columns = axes((size, size))
    away = np.abs((columns - 0.5) * math.cos(angle) + (rows - 0.5) * math.sin(angle) - offset)
    mix(rgb, (0.16, 0.15, 0.14), np.clip(1.6 - away * 130, 0, 0.8))


def _asphalt(rng: np.random.Generator, size: int, light: Light) -> Array:
    shape = (size, size)
    stones = patch("beads", rng, shape, max(2.0, 1500 / size)) * 0.5 + grain(rng, shape)
    tone = 1 + 0.13 * np.clip(stones, -2, 2.5) + 0.08 * patch("fractal", rng, shape, 250 / size)
    rgb = _toned(size, jitter(rng, (0.3, 0.3, 0.31), 0.07), tone)
    _cracks(rng, rgb, int(rng.integers(0, 3)))
    if rng.uniform() < 0.3:  # worn road paint
        rows, columns = axes(shape)
        angle = rng.uniform(0, math.pi)
        away = np.abs((columns - 0.5) * math.cos(angle) + (rows - 0.5) * math.sin(angle) - rng.uniform(-0.3, 0.3))
        worn = np.clip((0.06 - away) * 60, 0, 1) * np.clip(1.1 + 0.5 * stones, 0, 0.85)
        paint: Color = (0.85, 0.84, 0.8) if rng.uniform() < 0.7 else (0.8, 0.65, 0.2)
        mix(rgb, paint, worn)
    return lit(rgb, relief(stones * 0.001, light, 0.3))


def _grass(rng: np.random.Generator, size: int, light: Light) -> Array:
    """Soil under several layers of blades, each layer lighter than the one below."""
    shape = (size, size)
    rgb = _toned(size, jitter(rng, (0.24, 0.2, 0.12), 0.04), 1 + 0.2 * patch("fractal", rng, shape, 600 / size))
    dry = rng.uniform(0, 0.8)
    for layer in range(6):
        blades = patch("blade", rng, shape, 420 / size)
        green = jitter(rng, (0.24 + 0.3 * dry, 0.4 + 0.08 * dry, 0.12 + 0.12 * dry), 0.06)
        bright = 0.5 + 0.13 * layer + 0.05 * light[1]
        mix(rgb, (green[0] * bright, green[1] * bright, green[2] * bright), np.clip(blades * 1.3 - 0.9, 0, 0.95))
    return lit(rgb, 1 + 0.1 * patch("fractal", rng, shape, 250 / size))


def _tiles(rng: np.random.Generator, size: int, light: Light) -> Array:
    """Square or brick-bond paving, each tile with its own tone and a worn edge."""
    shape = (size, size)
    rows, columns = axes(shape)
    angle = rng.uniform(-0.5, 0.5)
    turned_x = columns * math.cos(angle) - rows * math.sin(angle) + 2
    turned_y = columns * math.sin(angle) + rows * math.cos(angle) + 2
    num = rng.uniform(2.5, 6)
    long = rng.choice([1.0, 1.0, 0.5])
    row = np.floor(turned_y * num)
    shifted = turned_x * num * long + (0.5 * np.mod(row, 2) if long < 1 else 0)
    column = np.floor(shifted)
    tone = np.mod(np.sin(row * 12.9898 + column * 78.233) * 43758.5453, 1)  # an own tone for each tile
    edge = np.minimum(
        np.minimum(shifted - column, 1 - shifted + column), np.minimum(turned_y * num - row, 1 - turned_y * num + row)
    )
    fine = patch("fractal", rng, shape, 800 / size)
    color = jitter(rng, (0.62, 0.57, 0.52), 0.1) if rng.uniform() < 0.6 else tint(rng, (0.1, 0.45), (0.4, 0.8))
    rgb = _toned(size, color, np.asarray(0.88 + 0.16 * tone + 0.06 * fine, np.float32))
    joint = np.clip((0.03 + 0.006 * fine - edge) * 60, 0, 1)
    dim(rgb, relief(np.asarray(np.minimum(edge, 0.08) * 0.3, np.float32), light, 0.5))
    mix(rgb, jitter(rng, (0.3, 0.28, 0.26), 0.1), joint * 0.85)
    return rgb


def _wood(rng: np.random.Generator, size: int, light: Light) -> Array:
    """Boards side by side with grain along them, gaps between."""
    shape = (size, size)
    num = int(rng.integers(3, 8))
    rows, _ = axes(shape)
    board = np.floor(rows * num)
    tone = np.mod(np.sin(board * 91.7 + rng.uniform(0, 9)) * 437.58, 1)
    grain = patch("fibre", rng, shape, 500 / size, turn=False)
    knots = patch("fractal", rng, shape, 160 / size)
    rings = np.sin(grain * 0.8 + knots * 5 + board * 5)
    color = jitter(rng, (0.55, 0.38, 0.23), 0.1)
    rgb = _toned(size, color, np.asarray(0.9 + 0.2 * tone + 0.07 * grain + 0.05 * rings, np.float32))
    gap = np.abs(rows * num - board - 0.5)
    mix(rgb, (0.1, 0.07, 0.05), np.clip((gap - 0.475) * 60, 0, 0.9) + zeros(shape))
    dim(rgb, 1 + 0.05 * light[0] * np.asarray(axes(shape)[1] - 0.5, np.float32))
    return np.ascontiguousarray(rgb.transpose(1, 0, 2)) if rng.uniform() < 0.5 else rgb


def _sand(rng: np.random.Generator, size: int, light: Light) -> Array:
    shape = (size, size)
    dunes = patch("fractal", rng, shape, 350 / size)
    rows, columns = axes(shape)
    angle = rng.uniform(0, math.pi)
    ripples = np.sin((columns * math.cos(angle) + rows * math.sin(angle)) * rng.uniform(60, 110) + 3 * dunes)
    height = 0.005 * dunes + rng.uniform(0, 0.0012) * ripples
    tone = relief(np.asarray(height, np.float32), light, 0.9) + 0.08 * grain(rng, shape)
    rgb = _toned(size, jitter(rng, (0.72, 0.61, 0.44), 0.08), tone)
    mix(rgb, (0.4, 0.36, 0.32), _specks(rng, size, 2.4) * 0.8)
    return rgb


def _belt(rng: np.random.Generator, size: int, light: Light) -> Array:
    """A sorting plant's rubber belt: dark, cross ribs, scuffs, the frame at one or both edges."""
    shape = (size, size)
    rows, columns = axes(shape)
    scuffs = patch("fibre", rng, shape, 300 / size, turn=False)
    color = jitter(rng, (0.17, 0.18, 0.2), 0.05) if rng.uniform() < 0.7 else jitter(rng, (0.16, 0.32, 0.26), 0.06)
    ribs = np.abs(np.sin(columns * math.pi * rng.uniform(4, 10) + 0.8 * np.abs(rows - 0.5))) ** 14
    tone = 1 + 0.1 * scuffs + 0.1 * patch("fractal", rng, shape, 300 / size) + 0.05 * grain(rng, shape)
    rgb = _toned(size, color, np.asarray(tone + 0.35 * ribs, np.float32))
    mix(rgb, (0.45, 0.43, 0.4), np.clip(scuffs - 1.7, 0, 0.35))
    if rng.uniform() < 0.6:
        edge = rng.uniform(0.04, 0.1)
        rail = ((rows < edge) | (rows > 1.0 - edge * rng.integers(0, 2))).astype(np.float32) + zeros(shape)
        steel = toned(shape, jitter(rng, (0.6, 0.62, 0.64), 0.06), 1 + 0.05 * scuffs + 0.1 * light[1])
        mix(rgb, np.asarray(steel, np.float32), rail)
    return rgb
