"""Plastic bags and film: carrier bags with handles, knotted bin bags, snack wrappers, loose film."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.prints import label, write
from trashseg.data.synthetic.shading import bevel, relief
from trashseg.data.synthetic.sprites import (
    Array,
    Color,
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
    polygon,
    sheer,
    soften,
    tint,
    toned,
    zeros,
)


def draw_bag(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a bag or a piece of film whose longer side is ``side`` pixels."""
    kinds = (_carrier, _carrier, _knotted, _knotted, _wrapper, _film)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _foil_color(rng: np.random.Generator) -> tuple[Color, float]:
    """The film's colour and its opacity: milky, clear, black, or coloured."""
    choice = rng.uniform()
    if choice < 0.4:
        return jitter(rng, (0.88, 0.89, 0.9), 0.07), rng.uniform(0.72, 0.95)
    if choice < 0.55:
        return jitter(rng, (0.82, 0.85, 0.86), 0.05), rng.uniform(0.3, 0.45)
    if choice < 0.72:
        return jitter(rng, (0.09, 0.09, 0.1), 0.05), 0.97
    return tint(rng, (0.35, 0.9), (0.4, 0.9)), rng.uniform(0.75, 0.95)


def _wrinkle(rng: np.random.Generator, cover: Array, height: Array, light: Light, clearness: float = 0.0) -> Sprite:
    """Film over ``height`` (h, w): soft shading, thin sharp glints on the ridges, thicker where it is folded.

    ``clearness`` in [0, 1] lets more of the ground through.
    """
    shape = (cover.shape[0], cover.shape[1])
    color, opacity = _foil_color(rng)
    opacity *= 1 - clearness
    tone = relief(height, light, 0.6)
    rgb = toned(shape, color, tone * (0.95 + 0.04 * patch("fractal", rng, shape, 200 / max(shape))))
    glint = np.clip((tone - 1.26) * 4.5, 0, 0.9)
    mix(rgb, (1.0, 1.0, 1.0), glint)
    return sheer(rgb, cover, (opacity + 0.9 * glint + 0.5 * np.maximum(1 - tone, 0)) * cover)


def _carrier(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A vest-shaped carrier bag: two loops on top, gathered below them, printed in front."""
    shape = (side, max(12, int(side * rng.uniform(0.62, 0.82))))
    outline = np.array(
        [[0.1, 0.02], [0.3, 0.02], [0.34, 0.28], [0.5, 0.33], [0.66, 0.28], [0.7, 0.02], [0.9, 0.02], [0.92, 0.3],
         [0.98, 0.6], [0.95, 0.95], [0.5, 0.985], [0.05, 0.96], [0.02, 0.6], [0.08, 0.3]]
    )  # fmt: skip
    cover = polygon(shape, outline + rng.uniform(-0.02, 0.02, outline.shape))
    for left in (0.15, 0.75):
        loop = np.array([[left, 0.07], [left + 0.1, 0.07], [left + 0.12, 0.22], [left - 0.01, 0.22]])
        cover = np.clip(cover - polygon(shape, loop + rng.uniform(-0.01, 0.01, loop.shape)), 0, 1)
    rows, columns = axes(shape)
    fan = np.sin((columns - 0.5) * 26 / (0.35 + rows) + rng.uniform(0, 6)) * np.clip(1.1 - rows, 0, 1) * 0.014
    height = patch("crumple", rng, shape, 330 / side) * rng.uniform(0.02, 0.04) + fan
    sprite = _wrinkle(rng, cover, height, light)
    if rng.uniform() < 0.6:
        _brand(sprite, rng, height)
    return sprite


def _brand(sprite: Sprite, rng: np.random.Generator, height: Array) -> None:
    """Print a shop's word on the film, bent along its wrinkles, in place."""
    shape = (sprite.cover.shape[0], sprite.cover.shape[1])
    paper = blank(shape)
    word = ("MART", "THANK YOU", "24h", "SHOP", "Market", "Bakery")[int(rng.integers(6))]
    write(paper, word, (0.5, rng.uniform(0.5, 0.68)), 0.12, (1.0, 1.0, 1.0), 1.8)
    columns, rows = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    shift = height * shape[0] * 0.6
    stencil = cv2.remap(paper[..., 0], columns + shift, rows + shift, cv2.INTER_LINEAR) * sprite.cover
    mix(sprite.rgb, tint(rng), stencil * 0.85)
    np.maximum(sprite.opacity, stencil * 0.9, out=sprite.opacity)


def _knotted(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A filled bag tied at the top: bulging body, folds that run to the knot, two ears."""
    shape = (side, max(12, int(side * rng.uniform(0.8, 1.0))))
    rows, columns = axes(shape)
    body = zeros(shape)
    start = int(side * 0.2)
    body[start:] = blob((side - start, shape[1]), rng, 0.16)
    knot = (0.5 + rng.uniform(-0.05, 0.05), 0.25)
    ears = np.maximum(
        polygon(shape, ((knot[0], knot[1]), (knot[0] - 0.26, 0.07), (knot[0] - 0.17, 0.015), (knot[0] - 0.02, 0.14))),
        polygon(shape, ((knot[0], knot[1]), (knot[0] + 0.24, 0.04), (knot[0] + 0.14, 0.01), (knot[0] + 0.02, 0.14))),
    )
    neck = polygon(
        shape, ((knot[0] - 0.07, 0.16), (knot[0] + 0.07, 0.16), (knot[0] + 0.2, 0.36), (knot[0] - 0.2, 0.36))
    )
    cover = np.maximum(np.maximum(body, ears), neck)
    away_y, away_x = rows - knot[1], columns - knot[0]
    angle, reach = np.arctan2(away_y, away_x), np.hypot(away_y, away_x)
    folds = np.sin(angle * rng.integers(11, 19) + 2.5 * patch("fractal", rng, shape, 120 / side))
    height = 0.03 * folds * np.exp(-reach * 2.2) + patch("crumple", rng, shape, 300 / side) * 0.028
    height += soften(body, side / 8) * 0.25
    sprite = _wrinkle(rng, cover, np.asarray(height, np.float32), light)
    pinch = np.exp(-((reach / 0.05) ** 2))
    dim(sprite.rgb, 1 - 0.45 * pinch)
    return sheer(sprite.rgb, cover, sprite.opacity + 0.5 * np.exp(-((reach / 0.3) ** 2)) + 0.4 * ears)


def _wrapper(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A snack packet: glossy print, crimped seams with zigzag ends, puffed middle."""
    shape = (side, max(12, int(side * rng.uniform(0.55, 0.8))))
    teeth = 17
    xs = np.linspace(0.04, 0.96, 2 * teeth + 1)
    zigzag = 0.012 * (np.arange(2 * teeth + 1) % 2)
    upper = np.stack([xs, 0.02 + zigzag], 1)
    cover = polygon(shape, np.concatenate([upper, np.stack([xs, 0.98 - zigzag], 1)[::-1]]))
    art = label(shape, rng, ("CHIPS", "Snack", "Choco", "COOKIE", "Ramen", "JELLY", "Crisp"))
    rows, columns = axes(shape)
    seam = ((rows < 0.09) | (rows > 0.91)).astype(np.float32)
    puff = np.sin(math.pi * columns) * np.sin(math.pi * rows) * 0.16
    pull = (
        np.sin(columns * 40 + 3 * patch("fractal", rng, shape, 100 / side))
        * np.exp(-np.minimum(rows, 1 - rows) * 9)
        * 0.01
    )
    height = puff + pull + patch("crumple", rng, shape, 230 / side) * rng.uniform(0.02, 0.045)
    tone = relief(np.asarray(height, np.float32), light, 0.75)
    crimp = 1 + 0.16 * seam * np.sin(rows * side * 1.4)
    rgb = lit(art, tone * crimp)
    mix(rgb, jitter(rng, (0.75, 0.75, 0.78), 0.1), seam * 0.45)
    mix(rgb, (1.0, 1.0, 1.0), np.clip((tone - 1.22) * 3, 0, 0.85))
    return Sprite(rgb, cover, cover)


def _film(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A loose piece of film, twisted and see-through in places."""
    shape = (max(12, int(side * rng.uniform(0.5, 0.9))), side)
    crumple = patch("crumple", rng, shape, 300 / side)
    cover = bite(rng, blob(shape, rng, 0.8, 22), crumple, 0.07)
    ridges = np.sin(axes(shape)[0] * rng.uniform(18, 30) + 4 * patch("fractal", rng, shape, 130 / side))
    sprite = _wrinkle(
        rng, cover, np.asarray(crumple * 0.04 + ridges * 0.012, np.float32), light, rng.uniform(0.4, 0.65)
    )
    rgb = lit(sprite.rgb, bevel(cover, light, 0.02, 0.6))
    return Sprite(rgb, cover, sprite.opacity)
