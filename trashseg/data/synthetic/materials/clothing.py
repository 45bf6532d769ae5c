"""Clothing: T-shirts, socks, trousers and cloths with weave and soft folds."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import grain, patch
from trashseg.data.synthetic.prints import write
from trashseg.data.synthetic.shading import bevel, relief
from trashseg.data.synthetic.sprites import (
    Array,
    Light,
    Sprite,
    axes,
    bite,
    blank,
    dim,
    ellipse,
    mix,
    polygon,
    rounded,
    soften,
    solid,
    tint,
    zeros,
)


def draw_clothing(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a piece of clothing whose longer side is ``side`` pixels."""
    kinds = (_shirt, _shirt, _sock, _trousers, _cloth)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _fabric(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Woven cloth: plain, striped or checked, with threads just wide enough to be seen."""
    canvas = blank(shape, tint(rng, (0.1, 0.8), (0.15, 0.9)))
    rows, columns = axes(shape)
    second = tint(rng, (0.0, 0.8), (0.15, 0.95))
    style = rng.uniform()
    num = rng.uniform(6, 14)
    if style < 0.4:
        mix(
            canvas,
            second,
            (np.sin(rows * math.pi * 2 * num) > rng.uniform(-0.3, 0.6)).astype(np.float32) + zeros(shape),
        )
    elif style < 0.6:
        across = (np.sin(rows * math.pi * 2 * num) > 0.2).astype(np.float32) * 0.5
        mix(canvas, second, across + (np.sin(columns * math.pi * 2 * num) > 0.2).astype(np.float32) * 0.5)
    y, x = np.arange(shape[0], dtype=np.float32)[:, None], np.arange(shape[1], dtype=np.float32)[None, :]
    step = max(3.2, max(shape) / 70)
    weave = np.sin(y * 2 * math.pi / step) * np.sin(x * 2 * math.pi / step)
    dim(canvas, 1 + 0.11 * weave + 0.05 * grain(rng, shape))
    return canvas


def _drape(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Heights of soft cloth: a few long folds with round backs, no sharp creases."""
    rows, columns = axes(shape)
    swing = patch("fractal", rng, shape, 90 / max(shape))
    height = zeros(shape)
    for _ in range(3):
        angle, rate = rng.uniform(0, math.pi), rng.uniform(7, 16)
        wave = np.sin((columns * math.cos(angle) + rows * math.sin(angle)) * rate + 1.6 * swing + rng.uniform(0, 6))
        height += (np.abs(wave) ** 0.6).astype(np.float32) * rng.uniform(0.008, 0.02)
    soft: Array = soften(height + 0.01 * swing, max(1.0, max(shape) / 60))
    return soft


def _sew(rng: np.random.Generator, rgb: Array, cover: Array, light: Light) -> Sprite:
    """Shade cloth by its folds and round its hem."""
    shape = (cover.shape[0], cover.shape[1])
    dim(rgb, relief(_drape(rng, shape), light, 0.85) * bevel(cover, light, 0.015, 1.0))
    return solid(rgb, cover)


def _shirt(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A T-shirt laid out: sleeves, neck with its ribbed collar, at times a print on the chest."""
    shape = (max(12, int(side * rng.uniform(0.88, 1.0))), side)
    rgb = _fabric(rng, shape)
    outline = np.array(
        [[0.37, 0.04], [0.63, 0.04], [0.78, 0.1], [0.985, 0.36], [0.84, 0.47], [0.74, 0.35], [0.76, 0.97],
         [0.24, 0.97], [0.26, 0.35], [0.16, 0.47], [0.015, 0.36], [0.22, 0.1]]
    )  # fmt: skip
    cover = polygon(shape, outline + rng.uniform(-0.02, 0.02, outline.shape))
    collar, neck = ellipse(shape, (0.5, 0.03), (0.17, 0.13)), ellipse(shape, (0.5, 0.02), (0.13, 0.09))
    mix(rgb, tint(rng, (0.1, 0.8), (0.15, 0.9)), collar)
    mix(rgb, (0.12, 0.12, 0.12), ellipse(shape, (0.5, 0.05), (0.12, 0.05)))
    for seam in (((0.25, 0.09), (0.27, 0.36)), ((0.75, 0.09), (0.73, 0.36))):
        ends = [(round(x * shape[1]), round(y * shape[0])) for x, y in seam]
        cv2.line(rgb, ends[0], ends[1], (0.1, 0.1, 0.1), max(1, side // 120), cv2.LINE_AA)
    if rng.uniform() < 0.5:
        write(rgb, ("RUN", "88", "LOVE", "TEAM", "Seoul")[int(rng.integers(5))], (0.5, 0.38), 0.1, tint(rng), 1.8)
    hole = np.clip(neck - ellipse(shape, (0.5, 0.1), (0.2, 0.055)), 0, 1)
    return _sew(rng, rgb, np.asarray(np.clip(cover - hole, 0, 1), np.float32), light)


def _sock(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A sock: ribbed cuff, leg, heel and toe in another colour."""
    shape = (side, max(12, int(side * 0.72)))
    rgb = _fabric(rng, shape)
    outline = np.array(
        [[0.08, 0.02], [0.48, 0.02], [0.5, 0.3], [0.52, 0.56], [0.72, 0.66], [0.93, 0.74], [0.97, 0.86], [0.88, 0.96],
         [0.6, 0.97], [0.28, 0.9], [0.1, 0.76], [0.07, 0.6], [0.09, 0.3]]
    )  # fmt: skip
    dense = soften(polygon(shape, outline), max(1.0, side / 40))
    cover = np.clip((dense - 0.5) * side / 12 + 0.5, 0, 1)
    trim = tint(rng, (0.2, 0.9), (0.2, 0.9))
    rows, columns = axes(shape)
    mix(rgb, trim, ellipse(shape, (0.96, 0.87), (0.22, 0.16)))
    mix(rgb, trim, ellipse(shape, (0.08, 0.78), (0.2, 0.14)))
    cuff = (rows < 0.13).astype(np.float32) * (0.7 + 0.3 * np.sin(columns * 120))
    mix(rgb, trim, np.clip(cuff, 0, 1))
    return _sew(rng, rgb, np.asarray(cover, np.float32), light)


def _trousers(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Trousers or jeans: waistband, two legs, seams and pockets."""
    shape = (side, max(12, int(side * rng.uniform(0.55, 0.68))))
    rgb = _fabric(rng, shape)
    if rng.uniform() < 0.6:  # denim: blue, washed out along the legs
        rgb *= 0.25
        rgb += np.array(tint(rng, (0.0, 0.1), (0.2, 0.3)), np.float32) * 0.4 + np.array((0.06, 0.13, 0.28), np.float32)
        dim(rgb, 1 + 0.16 * patch("fractal", rng, shape, 180 / side))
    outline = [
        [0.16, 0.02],
        [0.84, 0.02],
        [0.93, 0.4],
        [0.97, 0.975],
        [0.62, 0.98],
        [0.52, 0.42],
        [0.4, 0.98],
        [0.03, 0.975],
        [0.08, 0.4],
    ]
    cover = polygon(shape, np.array(outline) + rng.uniform(-0.02, 0.02, (9, 2)))
    thread = tint(rng, (0.4, 0.8), (0.6, 0.8))
    for line in (
        ((0.14, 0.09), (0.87, 0.09)),
        ((0.5, 0.09), (0.52, 0.42)),
        ((0.15, 0.12), (0.3, 0.24)),
        ((0.85, 0.12), (0.7, 0.24)),
    ):
        ends = [(round(x * shape[1]), round(y * shape[0])) for x, y in line]
        cv2.line(rgb, ends[0], ends[1], thread, max(1, side // 110), cv2.LINE_AA)
    return _sew(rng, rgb, cover, light)


def _cloth(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A towel or scarf, bunched up, with fringes at two ends."""
    shape = (max(12, int(side * rng.uniform(0.6, 0.85))), side)
    rgb = _fabric(rng, shape)
    cover = bite(rng, rounded(shape, 0.06, 0.08), patch("fractal", rng, shape, 60 / side), 0.12)
    _, columns = axes(shape)
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    threads = (np.sin(rows * 2 * math.pi / max(3.0, side / 45)) > 0.1).astype(np.float32)
    fringe = np.asarray(cover * ((columns < 0.12) | (columns > 0.88)), np.float32)
    cover = np.asarray(cover * (1 - fringe * (1 - threads)), np.float32)
    mix(rgb, tint(rng, (0.0, 0.3), (0.6, 0.95)), fringe * 0.7)
    return _sew(rng, rgb, cover, light)
