"""Plastic: drink bottles with cap and sleeve, cups with lid and straw, food trays, lids, detergent bottles."""

from __future__ import annotations

import math

import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.prints import label
from trashseg.data.synthetic.shading import Lathe, bevel, dent, lathe, matte, relief, streak
from trashseg.data.synthetic.sprites import (
    Array,
    Color,
    Light,
    Sprite,
    axes,
    blank,
    dim,
    ellipse,
    jitter,
    lit,
    mix,
    polygon,
    rounded,
    sheer,
    solid,
    tint,
    toned,
    zeros,
)

_WORDS = ("WATER", "Spring", "AQUA", "Tea", "Sport", "Zero")


def draw_plastic(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a hard plastic object whose longer side is ``side`` pixels."""
    kinds = (_bottle, _bottle, _bottle, _cup, _tray, _lid, _canister)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _bottle(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A thin clear drink bottle: ribs round it, coloured cap, wrap-round sleeve, often dented."""
    shape = (side, max(8, int(side * rng.uniform(0.3, 0.4))))
    neck = rng.uniform(0.26, 0.34)
    body = lathe(
        shape,
        ((0.01, 0.34), (0.075, 0.34), (0.08, 0.42), (0.1, 0.3), (neck, 0.8), (0.62, 0.74), (0.98, 0.8), (0.99, 0.6)),
    )
    clear: Color = jitter(rng, (0.8, 0.88, 0.93), 0.06)
    ribs = np.sin(body.along * 2 * math.pi * rng.uniform(11, 16)) * (body.along > neck)
    dents = relief(patch("crumple", rng, shape, 240 / side) * 0.06, light, 0.9) - 1
    glint = np.clip(streak(body.across, 0.45 * light[0], 0.2) * (0.55 + 0.45 * ribs) + 1.1 * np.maximum(dents, 0), 0, 1)
    shade = 0.9 - 0.25 * np.abs(body.across) ** 3 + 0.1 * ribs + 0.5 * np.minimum(dents, 0)
    rgb = toned(shape, clear, shade)
    mix(rgb, (1.0, 1.0, 1.0), glint * 0.9)
    opacity = 0.27 + 0.35 * np.abs(body.across) ** 4 + 0.08 * np.abs(ribs) + 0.6 * glint - 0.5 * np.minimum(dents, 0)
    sleeve = _band(body, rng.uniform(0.42, 0.48), rng.uniform(0.62, 0.7))
    art = lit(label(shape, rng, _WORDS), matte(body.across, light))
    if rng.uniform() < 0.75:
        mix(rgb, art, sleeve)
        opacity = np.maximum(opacity, sleeve)
    cap = _band(body, 0.0, 0.075)
    if rng.uniform() < 0.8:
        grip = 0.85 + 0.15 * np.sin(np.arcsin(body.across) * 22)
        mix(rgb, toned(shape, tint(rng), matte(body.across, light) * grip), cap)
        opacity = np.maximum(opacity, cap)
    sprite = sheer(rgb, body.cover, opacity)
    return dent(sprite, rng, rng.uniform(0.02, 0.07)) if rng.uniform() < 0.5 else sprite


def _band(body: Lathe, top: float, bottom: float) -> Array:
    """The part of a round body between two places along it."""
    return ((body.along >= top) & (body.along <= bottom)) * body.cover


def _cup(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A see-through take-away cup with a domed lid, a straw, and some of the drink."""
    shape = (side, max(10, int(side * rng.uniform(0.5, 0.6))))
    body = lathe(
        shape, ((0.14, 0.2), (0.2, 0.75), (0.27, 0.94), (0.3, 0.98), (0.325, 0.98), (0.33, 0.9), (0.985, 0.62))
    )
    ribs = np.sin(body.across * 9) * 0.06
    rgb = toned(shape, jitter(rng, (0.86, 0.9, 0.92), 0.05), 0.95 - 0.25 * np.abs(body.across) ** 3 + ribs)
    glint = streak(body.across, 0.5 * light[0], 0.1) + 0.6 * streak(body.across, -0.6, 0.06)
    opacity = 0.25 + 0.4 * np.abs(body.across) ** 4 + zeros(shape)
    level = rng.uniform(0.45, 0.9)
    drink = ((body.along > level) * (body.along < 0.96) * (np.abs(body.across) < 0.95)).astype(np.float32)
    mix(rgb, tint(rng, (0.4, 0.9), (0.25, 0.8)), drink * 0.85)
    opacity = np.maximum(opacity, drink * 0.75)
    ring = np.clip(1 - np.abs(body.along - 0.315) / 0.02, 0, 1) * body.cover
    mix(rgb, (0.98, 0.98, 0.98), np.clip(glint * 0.85 + ring * 0.8, 0, 1))
    opacity = np.clip(np.maximum(opacity, glint * 0.85) + 0.6 * ring, 0, 1) * body.cover
    cover = body.cover
    if rng.uniform() < 0.5:
        badge = ellipse(shape, (0.5, 0.62), (0.2, 0.11)) * body.cover
        mix(rgb, tint(rng), badge)
        opacity = np.maximum(opacity, badge)
    if rng.uniform() < 0.7:
        lean = rng.uniform(0.44, 0.62)
        straw = polygon(shape, ((lean - 0.035, 0.0), (lean + 0.035, 0.0), (0.53, 0.2), (0.47, 0.2)))
        mix(rgb, tint(rng), straw)
        cover, opacity = np.maximum(cover, straw), np.maximum(opacity, straw)
    return sheer(rgb, cover, opacity)


def _tray(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A moulded food container: flange, walls that slope in, ribbed floor; black, white, coloured or clear."""
    shape = (max(10, int(side * rng.uniform(0.62, 0.95))), side)
    clear = rng.uniform() < 0.35
    dark = rng.uniform() < 0.4
    base = tint(rng, (0.0, 0.1), (0.85, 0.95)) if clear else tint(rng, (0.0, 0.8), (0.08, 0.2) if dark else (0.5, 0.95))
    cover = rounded(shape, 0.02, 0.16)
    rim, floor = rounded(shape, 0.08, 0.14), rounded(shape, 0.17, 0.12)
    rows, columns = axes(shape)
    well = relief(-(0.2 * (rim + floor) + 0.0 * rows), light, 0.0)
    walls = bevel(1 - rim, light, 0.03, 1.5) * bevel(1 - floor, light, 0.025, 1.2)
    ribs = 1 + 0.13 * np.sin(columns * 2 * math.pi * rng.uniform(7, 12)) * floor
    if rng.uniform() < 0.5:
        wall = np.abs(columns - rng.uniform(0.4, 0.65))
        ribs = ribs * (1 + 0.35 * np.exp(-((wall / 0.02) ** 2)) * rim)
    rgb = toned(shape, base, well * walls * ribs * (1 - 0.12 * rim))
    gloss = np.clip(patch("fractal", rng, shape, 120 / side) - 1.2, 0, 1) * 0.3
    flange = np.clip(bevel(cover, light, 0.02, 2.5) - 1, 0, 1)
    mix(rgb, (1.0, 1.0, 1.0), np.clip(gloss + flange, 0, 0.9))
    opacity = cover * ((0.72 - 0.35 * floor + gloss + 0.4 * np.abs(walls - 1)) if clear else 1.0)
    return sheer(rgb, cover, opacity)


def _lid(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A round snap-on lid: raised rings, a sip hole or cross slit; dull, no metal fans."""
    shape = (side, side)
    base = tint(rng, (0.0, 0.85), (0.15, 0.95))
    rgb = blank(shape, base)
    cover = ellipse(shape, (0.5, 0.5), (0.48, 0.48))
    tone = bevel(cover, light, 0.03, 1.6)
    for reach, lift in ((0.42, -1.3), (0.34, 1.5), (0.22, rng.choice([-1.2, 1.2]))):
        tone *= bevel(ellipse(shape, (0.5, 0.5), (reach, reach)), light, 0.014, float(lift))
    dim(rgb, tone)
    if rng.uniform() < 0.5:
        mix(rgb, (0.07, 0.07, 0.07), ellipse(shape, (0.5, 0.27), (0.06, 0.025)))
    else:
        for box in (
            ((0.44, 0.49), (0.56, 0.49), (0.56, 0.51), (0.44, 0.51)),
            ((0.49, 0.44), (0.51, 0.44), (0.51, 0.56), (0.49, 0.56)),
        ):
            mix(rgb, (0.1, 0.1, 0.1), polygon(shape, box))
    return solid(rgb, cover)


def _canister(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A detergent bottle: opaque bright body with a grip hole, label and a cap of another colour."""
    shape = (side, max(10, int(side * rng.uniform(0.5, 0.62))))
    outline = np.array(
        [[0.3, 0.17], [0.3, 0.12], [0.52, 0.12], [0.52, 0.17], [0.8, 0.24], [0.95, 0.38], [0.95, 0.94], [0.9, 0.985],
         [0.1, 0.985], [0.05, 0.94], [0.05, 0.34], [0.12, 0.24]]
    )  # fmt: skip
    cover = polygon(shape, outline)
    grip = polygon(shape, ((0.72, 0.33), (0.8, 0.33), (0.84, 0.4), (0.84, 0.62), (0.78, 0.66), (0.7, 0.62)))
    rgb = blank(shape, tint(rng, (0.4, 0.95), (0.55, 0.98)))
    dim(rgb, bevel(cover, light, 0.07, 1.5) * bevel(1 - grip, light, 0.025, 1.4))
    columns = (int(shape[1] * 0.55), int(side * 0.45))
    art = label((columns[1], columns[0]), rng, ("CLEAN", "SOAP", "WASH", "Fresh", "Shampoo"))
    y, x = int(side * 0.45), int(shape[1] * 0.12)
    spot = np.zeros_like(rgb)
    spot[y : y + columns[1], x : x + columns[0]] = art[: side - y]
    mask = polygon(shape, ((0.12, 0.46), (0.66, 0.46), (0.66, 0.89), (0.12, 0.89)))
    mix(rgb, spot, mask)
    mix(
        rgb, (1.0, 1.0, 1.0), np.asarray(streak(axes(shape)[1] * 2 - 1, 0.8 * light[0], 0.05) * 0.5 * cover, np.float32)
    )
    cap = polygon(shape, ((0.27, 0.015), (0.55, 0.015), (0.57, 0.13), (0.25, 0.13)))
    mix(rgb, toned(shape, tint(rng), 0.9 + 0.2 * np.sin(axes(shape)[1] * 130)), cap)
    return solid(rgb, np.maximum(cover - grip, cap))
