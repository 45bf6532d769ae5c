"""Styrofoam: packing blocks, food trays, boxes and broken bits, all with the texture of fused beads."""

from __future__ import annotations

import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.shading import bevel
from trashseg.data.synthetic.sprites import (
    Array,
    Light,
    Sprite,
    axes,
    bite,
    blank,
    blob,
    dim,
    jitter,
    lit,
    mix,
    paste,
    rounded,
    solid,
    tint,
    toned,
    zeros,
)


def draw_foam(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a polystyrene foam object whose longer side is ``side`` pixels."""
    kinds = (_block, _block, _tray, _box, _bits)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _beaded(
    rng: np.random.Generator, shape: tuple[int, int], beads: float, color: tuple[float, ...] | None = None
) -> Array:
    """Foam with about ``beads`` beads along the longer side; never beads below two pixels, which would vanish."""
    white = jitter(rng, (0.96, 0.97, 0.97), 0.025) if color is None else (color[0], color[1], color[2])
    scale = min(beads * 16 / max(shape), 6.0)
    texture = patch("beads", rng, shape, scale)
    dirt = np.clip(patch("fractal", rng, shape, 200 / max(shape)) - 1.3, 0, 1) * rng.uniform(0, 0.5)
    rgb = toned(shape, white, 0.99 + 0.04 * np.maximum(texture, -4))
    mix(rgb, (0.45, 0.4, 0.33), dirt)
    return rgb


def _block(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A packing block with corners broken off; the break shows whole beads."""
    shape = (max(10, int(side * rng.uniform(0.6, 0.9))), side)
    cover = zeros(shape)
    sprite = Sprite(blank(shape), cover, cover)
    top, slant, deep = rng.uniform(0.03, 0.06), rng.uniform(0.06, 0.16), rng.uniform(0.7, 0.82)
    face = (int(shape[0] * 0.75), shape[1])
    beads = rng.uniform(18, 30)
    upper = _beaded(rng, face, beads)
    if rng.uniform() < 0.6:  # a recess for the goods that it once held
        recess = rounded(face, rng.uniform(0.18, 0.3), 0.08)
        dim(upper, (1 - 0.16 * recess) * bevel(1 - recess, light, 0.04, 1.6))
    front = _beaded(rng, (max(6, shape[0] // 4), shape[1]), beads)
    paste(sprite, upper, ((slant, top), (0.97, top), (0.97 - slant / 3, deep), (0.03, deep)), 1.0)
    paste(sprite, front, ((0.03, deep), (0.97 - slant / 3, deep), (0.95 - slant / 3, 0.97), (0.04, 0.97)), 0.7)
    noise = patch("beads", rng, shape, 30 * 16 / side) + 0.5 * patch("fractal", rng, shape, 240 / side)
    rows, columns = axes(shape)
    corner = rng.integers(0, 2, 2)
    reach = np.hypot(rows - corner[0], columns - corner[1])
    broken = np.clip((rng.uniform(0.25, 0.45) - reach + 0.03 * noise) * side / 4, 0, 1)
    torn = np.clip((rng.uniform(0.38, 0.5) - reach + 0.03 * noise) * side / 4, 0, 1)
    rgb = lit(sprite.rgb, 1 - 0.22 * torn * (0.6 + 0.4 * np.clip(noise, -1, 1)))
    return solid(np.asarray(rgb, np.float32), np.asarray(cover * (1 - broken), np.float32))


def _tray(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A supermarket tray: thick soft rim, sunk floor, fine beads; white, or tinted as butchers' trays are."""
    shape = (max(10, int(side * rng.uniform(0.6, 0.85))), side)
    color = None if rng.uniform() < 0.7 else tint(rng, (0.1, 0.4), (0.75, 0.95))
    rgb = _beaded(rng, shape, rng.uniform(34, 48), color)
    cover = rounded(shape, 0.015, 0.2)
    rim, floor = rounded(shape, 0.1, 0.16), rounded(shape, 0.2, 0.12)
    rows, _ = axes(shape)
    grooves = 1 - 0.09 * floor * (np.sin(rows * 60) > 0.6)
    tone = bevel(cover, light, 0.05, 1.1) * bevel(1 - rim, light, 0.04, 1.0) * bevel(1 - floor, light, 0.035, 1.0)
    dim(rgb, tone * grooves * (1 - 0.07 * rim))
    if rng.uniform() < 0.5:
        cover = bite(rng, cover, patch("beads", rng, shape, 30 * 16 / side), 0.05)
    return solid(rgb, cover)


def _box(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A cool box without its lid: thick walls round a shaded hollow, and the front side."""
    shape = (side, side)
    cover = zeros(shape)
    sprite = Sprite(blank(shape), cover, cover)
    face = (int(side * 0.6), side)
    deep = rng.uniform(0.58, 0.68)
    beads = rng.uniform(22, 30)
    upper = _beaded(rng, face, beads)
    hollow = rounded(face, 0.13, 0.05)
    rows, _ = axes(face)
    dim(upper, 1 - hollow * (0.5 - 0.28 * rows))
    floor = rounded(face, 0.24, 0.04)
    dim(upper, (1 + 0.18 * floor) * bevel(1 - hollow, light, 0.02, 1.0))
    paste(sprite, upper, ((0.12, 0.04), (0.88, 0.04), (0.98, deep), (0.02, deep)), 1.0)
    front = _beaded(rng, (side // 3, side), beads)
    paste(sprite, front, ((0.02, deep), (0.98, deep), (0.93, 0.96), (0.07, 0.96)), 0.72 + 0.15 * light[1])
    return solid(sprite.rgb, bite(rng, cover, patch("beads", rng, shape, 26 * 16 / side), 0.03))


def _bits(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Two to four crumbled pieces of one block lying apart."""
    shape = (side, side)
    cover = zeros(shape)
    for number in range(int(rng.integers(2, 5))):
        half = side // 2 - 1
        part = blob((int(half * rng.uniform(0.6, 0.95)), int(half * rng.uniform(0.6, 0.95))), rng, 0.5, 9)
        y, x = (number // 2) * (half + 1), (number % 2) * (half + 1)
        cover[y : y + part.shape[0], x : x + part.shape[1]] = part
    noise = patch("beads", rng, shape, 24 * 16 / side)
    cover = bite(rng, cover, noise, 0.04)
    rgb = lit(_beaded(rng, shape, 24), bevel(cover, light, 0.05, 1.3))
    return solid(rgb, cover)
