"""Batteries: round cells with a brass or silver pole, nine-volt blocks, button cells."""

from __future__ import annotations

import math

import numpy as np

from trashseg.data.synthetic.prints import label, write
from trashseg.data.synthetic.shading import bend, bevel, chrome, lathe, streak, turned
from trashseg.data.synthetic.sprites import (
    Color,
    Light,
    Sprite,
    blank,
    dim,
    ellipse,
    jitter,
    mix,
    polygon,
    rounded,
    solid,
    tint,
    toned,
    zeros,
)

_BODIES: tuple[Color, ...] = ((0.08, 0.08, 0.09), (0.1, 0.1, 0.12), (0.62, 0.1, 0.1), (0.1, 0.2, 0.5), (0.1, 0.4, 0.2))


def draw_battery(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw one battery, or a pair, whose longer side is ``side`` pixels."""
    kinds = (_cell, _cell, _pair, _block, _button)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _cell(rng: np.random.Generator, side: int, light: Light, slim: bool = False) -> Sprite:
    """An AA or AAA cell: shiny metal shoulder, coloured jacket with plus sign, small pole."""
    shape = (side, max(8, int(side * (0.26 if slim else rng.uniform(0.28, 0.34)))))
    body = lathe(shape, ((0.01, 0.32), (0.055, 0.32), (0.06, 0.94), (0.96, 0.94), (0.985, 0.8)))
    bands = chrome(body.across, rng, light)
    metal: Color = (
        jitter(rng, (0.85, 0.58, 0.25), 0.06) if rng.uniform() < 0.6 else jitter(rng, (0.85, 0.86, 0.88), 0.05)
    )
    jacket = blank(shape, jitter(rng, _BODIES[int(rng.integers(len(_BODIES)))], 0.04))
    write(jacket, "AA", (0.5, 0.62), 0.11, (0.9, 0.9, 0.9), 1.5)
    write(jacket, "1.5V", (0.5, 0.76), 0.07, (0.85, 0.85, 0.85))
    write(jacket, "+", (0.5, 0.4), 0.12, (0.95, 0.95, 0.95), 2.0)
    write(jacket, "-", (0.5, 0.9), 0.05, (0.95, 0.95, 0.95), 2.0)
    stripe = (body.along > 0.48) & (body.along < 0.54)
    mix(jacket, tint(rng), stripe.astype(np.float32) + zeros(shape))
    dim(jacket, 0.45 + 0.75 * bands)
    mix(jacket, (1.0, 1.0, 1.0), 0.25 * streak(body.across, 0.4 * light[0], 0.15))
    shoulder = rng.uniform(0.24, 0.34)
    bare = ((body.along < shoulder) | (body.along > 0.965)).astype(np.float32) + zeros(shape)
    mix(jacket, toned(shape, metal, 0.35 + 0.95 * bands), bare)
    nub = (body.along < 0.06).astype(np.float32) + zeros(shape)
    mix(jacket, toned(shape, (0.85, 0.85, 0.86), 0.3 + bands), nub)
    return bend(solid(np.asarray(jacket, np.float32), body.cover), 0.012)


def _pair(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Two cells of one kind side by side with a gap, head to tail: one object in two parts."""
    cell = _cell(rng, side, light, slim=True)
    width = cell.cover.shape[1]
    gap = max(2, side // 18)
    rgb = np.concatenate([cell.rgb, blank((side, gap)), cell.rgb[::-1]], 1)
    cover = np.concatenate([cell.cover, zeros((side, gap)), cell.cover[::-1]], 1)
    cover[:, width : width + gap] = 0
    return solid(rgb, cover)


def _block(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A nine-volt block: box with a metal top, one round and one crown-shaped contact."""
    shape = (side, max(10, int(side * rng.uniform(0.52, 0.6))))
    rgb = label(shape, rng, ("9V", "9V", "POWER"), jitter(rng, _BODIES[int(rng.integers(len(_BODIES)))], 0.05))
    box = polygon(shape, ((0.03, 0.13), (0.97, 0.13), (0.97, 0.985), (0.03, 0.985)))
    top = polygon(shape, ((0.03, 0.12), (0.97, 0.12), (0.97, 0.24), (0.03, 0.24)))
    write(rgb, "+  -", (0.5, 0.32), 0.07, (0.95, 0.95, 0.95), 1.6)
    columns = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :] + zeros(shape)
    metal = chrome(columns * 0.8, rng, light)
    mix(rgb, toned(shape, (0.85, 0.8, 0.66), 0.35 + 0.8 * metal), top)
    dim(rgb, bevel(box, light, 0.05, 1.0))
    cover = box
    for x, reach in ((0.28, 0.12), (0.72, 0.16)):
        post = polygon(
            shape, ((x - reach, 0.02), (x + reach, 0.02), (x + reach * 0.85, 0.14), (x - reach * 0.85, 0.14))
        )
        mix(rgb, toned(shape, (0.88, 0.88, 0.9), 0.4 + 0.7 * metal), post)
        mix(rgb, (0.25, 0.25, 0.26), ellipse(shape, (x, 0.04), (reach * 0.6, 0.014)))
        cover = np.maximum(cover, post)
    return solid(rgb, cover)


def _button(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A coin cell: satin disc with a step at the edge and its type stamped in the middle."""
    side = max(10, int(side * 0.7))
    shape = (side, side)
    fans, radius = turned(shape, rng, 8)
    rgb = toned(shape, jitter(rng, (0.9, 0.9, 0.91), 0.03), 0.35 + 0.75 * fans)
    mix(rgb, (0.28, 0.28, 0.3), np.clip(1 - np.abs(radius - 0.8) * 24, 0, 1))
    stamp: Color = (0.22, 0.22, 0.24)
    write(rgb, ("CR2032", "LR44", "CR2025")[int(rng.integers(3))], (0.5, 0.58), 0.13, stamp, 1.3)
    write(rgb, "+", (0.5, 0.34), 0.2, stamp, 2.2)
    write(rgb, "3V", (0.5, 0.76), 0.1, stamp)
    cover = np.clip((0.96 - radius) * side / 2, 0, 1)
    dim(rgb, bevel(rounded(shape, 0.0, 0.5), light, 0.03 * math.sqrt(2), 0.8))
    return solid(rgb, cover)
