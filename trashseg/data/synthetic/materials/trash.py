"""General trash: dirty tissues, cigarette butts, face masks, lumps of food and dirt."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.shading import bevel, matte, relief
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
    mix,
    rounded,
    soften,
    solid,
    tint,
    toned,
    zeros,
)


def draw_trash(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw general trash whose longer side is ``side`` pixels."""
    kinds = (_tissue, _tissue, _butts, _mask, _lump, _lump)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _tissue(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A used tissue: soft white ply crumpled to a clump, stained brown or yellow."""
    shape = (max(10, int(side * rng.uniform(0.7, 1.0))), side)
    crumple = patch("crumple", rng, shape, 230 / side)
    cloudy = patch("fractal", rng, shape, 260 / side)
    cover = bite(rng, blob(shape, rng, 0.6), cloudy, 0.08)
    height = crumple * 0.07 + soften(cover, side / 9) * 0.3
    rgb = toned(shape, jitter(rng, (0.88, 0.87, 0.84), 0.05), relief(height, light, 0.55))
    stains = np.clip(patch("fractal", rng, shape, 190 / side) * 1.3 - 1.0, 0, 0.85)
    mix(rgb, jitter(rng, (0.5, 0.36, 0.18), 0.08), stains)
    return solid(rgb, cover)


def _butt(rng: np.random.Generator, length: int, light: Light) -> Sprite:
    """One cigarette butt lying along x: speckled cork filter, white paper, grey ash, black rim."""
    shape = (max(5, int(length * 0.2)), length)
    rows, columns = axes(shape)
    split, ash = rng.uniform(0.42, 0.6), rng.uniform(0.84, 0.92)
    rgb = blank(shape, (0.93, 0.92, 0.88))
    speckle = patch("fractal", rng, shape, 900 / length)
    filter_part = (columns < split).astype(np.float32) + zeros(shape)
    cork = toned(shape, jitter(rng, (0.8, 0.5, 0.2), 0.06), 1 + 0.09 * speckle)
    mix(rgb, cork, filter_part)
    mix(rgb, (0.2, 0.18, 0.17), np.clip((columns - ash + 0.02 * speckle) * 60, 0, 1))
    mix(rgb, (0.5, 0.48, 0.46), np.clip((columns - ash - 0.04 + 0.02 * speckle) * 60, 0, 1))
    mix(rgb, (0.72, 0.66, 0.5), np.clip(1 - columns / 0.03, 0, 1) + zeros(shape))
    dim(rgb, matte(rows * 2 - 1, (light[1], 0.0)))
    return solid(rgb, rounded(shape, 0.04, 0.2))


def _butts(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """One to three cigarette butts thrown together; where they lie apart the object has several parts."""
    shape = (side, side)
    rgb, cover = blank(shape), zeros(shape)
    num = int(rng.integers(1, 4))
    for number in range(num):
        butt = _butt(rng, int(side * (0.95 if num == 1 else 0.62)), light)
        height, width = butt.cover.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(0, 360), 1.0)
        spread = 0.0 if num == 1 else 0.19
        turn = 2 * math.pi * number / num
        matrix[0, 2] += side * (0.5 + spread * math.cos(turn)) - width / 2
        matrix[1, 2] += side * (0.5 + spread * math.sin(turn)) - height / 2
        mask = cv2.warpAffine(butt.cover, matrix, (side, side))
        mix(rgb, cv2.warpAffine(butt.rgb, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), mask)
        np.maximum(cover, mask, out=cover)
    return solid(rgb, cover)


def _mask(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A disposable face mask: pleated cloth, nose wire, two thin ear loops."""
    shape = (max(10, int(side * 0.52)), side)
    color = jitter(rng, (0.55, 0.75, 0.87), 0.06) if rng.uniform() < 0.6 else tint(rng, (0.0, 0.35), (0.15, 0.95))
    rgb = blank(shape, color)
    cover = rounded(shape, 0.03, 0.05)
    rows, columns = axes(shape)
    cover *= (columns > 0.19) * (columns < 0.81)
    pleats = 0.84 + 0.16 * np.mod(rows * rng.integers(4, 6), 1)
    dim(rgb, pleats * relief(patch("crumple", rng, shape, 200 / side) * 0.03, light, 0.8))
    mix(rgb, (0.95, 0.95, 0.95), np.clip(1 - np.abs(rows - 0.09) * 30, 0, 1) * cover * 0.7)
    stains = np.clip(patch("fractal", rng, shape, 150 / side) - 1.0, 0, 0.5)
    mix(rgb, (0.45, 0.36, 0.25), stains)
    loops = np.zeros(shape, np.uint8)
    reach = (int(0.16 * side), int(0.36 * shape[0]))
    for x, start in ((0.2, 90), (0.8, -90)):
        centre = (int(x * side), shape[0] // 2)
        cv2.ellipse(loops, centre, reach, 0, start, start + 180, 255, max(2, side // 45), cv2.LINE_AA)
    loop = loops.astype(np.float32) / 255
    mix(rgb, (0.93, 0.93, 0.92), loop * (1 - cover))
    return solid(rgb, np.maximum(cover, loop))


def _lump(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Dirt swept together: peel, leaves, hair and scraps in a dark uneven heap."""
    shape = (max(10, int(side * rng.uniform(0.65, 1.0))), side)
    rgb = blank(shape, jitter(rng, (0.34, 0.27, 0.19), 0.08))
    for _ in range(int(rng.integers(7, 13))):
        _scrap(rng, rgb)
    clumps = patch("fractal", rng, shape, 330 / side)
    cover = bite(rng, blob(shape, rng, 0.5), clumps, 0.11)
    height = clumps * 0.03 + soften(cover, side / 9) * 0.3
    dim(rgb, relief(height, light, 0.8) * bevel(cover, light, 0.03, 0.7))
    return solid(rgb, cover)


def _scrap(rng: np.random.Generator, rgb: Array) -> None:
    """Draw one scrap (curled peel, leaf or thread) onto the heap, in place."""
    rows, columns = rgb.shape[:2]
    centre = (int(rng.uniform(0.12, 0.88) * columns), int(rng.uniform(0.12, 0.88) * rows))
    reach = (max(2, int(rng.uniform(0.06, 0.16) * columns)), max(1, int(rng.uniform(0.03, 0.08) * columns)))
    color = tint(rng, (0.1, 0.65), (0.25, 0.75))
    turn = rng.uniform(0, 360)
    if rng.uniform() < 0.3:
        cv2.ellipse(rgb, centre, reach, turn, 0, 230, color, max(1, columns // 50), cv2.LINE_AA)
        return
    dark = (color[0] * 0.45, color[1] * 0.45, color[2] * 0.45)
    cv2.ellipse(
        rgb, (centre[0] + 1, centre[1] + max(1, columns // 60)), reach, turn, 0, 360, (0.1, 0.08, 0.06), -1, cv2.LINE_AA
    )
    cv2.ellipse(rgb, centre, reach, turn, 0, 360, color, -1, cv2.LINE_AA)
    cv2.ellipse(rgb, centre, (reach[0], 0), turn, 0, 360, dark, 1, cv2.LINE_AA)
