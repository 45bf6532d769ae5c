"""Glass: bottles, jars, drinking glasses and broken pieces; heavy tints, dark outlines, sharp highlights."""

from __future__ import annotations

import math

import numpy as np

from trashseg.data.synthetic.prints import label
from trashseg.data.synthetic.shading import Lathe, chrome, lathe, streak
from trashseg.data.synthetic.sprites import (
    Color,
    Light,
    Sprite,
    blank,
    dim,
    jitter,
    mix,
    polygon,
    sheer,
    tint,
    toned,
    zeros,
)

_TINTS: tuple[Color, ...] = (
    (0.1, 0.42, 0.16),
    (0.16, 0.5, 0.22),
    (0.36, 0.18, 0.06),
    (0.42, 0.22, 0.07),
    (0.72, 0.82, 0.8),
    (0.78, 0.84, 0.86),
    (0.2, 0.36, 0.6),
)
_WORDS = ("Soju", "WINE", "Beer", "Sauce", "Olive", "JAM", "Ale")


def draw_glass(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a glass object whose longer side is ``side`` pixels."""
    kinds = (_bottle, _bottle, _bottle, _jar, _stemmed, _shards)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _blow(rng: np.random.Generator, body: Lathe, light: Light, tints: tuple[Color, ...] = _TINTS) -> Sprite:
    """Give a body its glass: tint, dark outline where the wall is seen edge-on, two highlights and a bright rim."""
    shape = (body.cover.shape[0], body.cover.shape[1])
    base = jitter(rng, tints[int(rng.integers(len(tints)))], 0.04)
    clear = min(base) > 0.55
    edge = np.abs(body.across) ** (5 if clear else 3)
    depth = 1.15 - (0.75 if clear else 0.6) * edge + 0.12 * streak(body.across, -0.45 * light[0], 0.4)
    rgb = toned(shape, base, depth)
    opacity = (0.22 if clear else 0.72) + (0.6 if clear else 0.28) * edge
    thick = np.clip(1 - (body.along[-1, 0] - body.along) / 0.035, 0, 1) * 0.5  # the heavy bottom
    opacity = np.clip(opacity + thick, 0, 1)
    place = 0.5 * light[0] + 0.12
    ends = np.clip((body.along - 0.08) * 12, 0, 1) * np.clip((0.9 - body.along) * 12, 0, 1)
    shine = streak(body.across, place, 0.09) + 0.55 * streak(body.across, place - 0.95, 0.06)
    shine = np.asarray(np.clip(shine * (0.35 + 0.65 * ends), 0, 1), np.float32)
    mix(rgb, (0.97, 0.98, 1.0), shine)
    opacity = np.maximum(opacity, shine)
    return sheer(rgb, body.cover, opacity * body.cover)


def _glue(sprite: Sprite, rng: np.random.Generator, body: Lathe, top: float, bottom: float) -> None:
    """Put a paper label round the body between two places along it, in place."""
    shape = (sprite.cover.shape[0], sprite.cover.shape[1])
    band = ((body.along > top) & (body.along < bottom)) * (np.abs(body.across) < 0.97)
    weight = (band * body.cover).astype(np.float32)
    rows = max(4, int((bottom - top) * shape[0]))
    start = int(top * shape[0])
    art = blank(shape)
    printed = label(
        (rows, shape[1]), rng, _WORDS, jitter(rng, (0.9, 0.86, 0.75), 0.08) if rng.uniform() < 0.5 else None
    )
    art[start : start + rows] = printed[: max(0, shape[0] - start)]
    dim(art, 0.65 + 0.35 * np.sqrt(1 - body.across**2))
    mix(sprite.rgb, art, weight)
    np.maximum(sprite.opacity, weight, out=sprite.opacity)


def _bottle(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A bottle with a long neck: beer, wine or soju."""
    shape = (side, max(8, int(side * rng.uniform(0.26, 0.36))))
    neck, shoulder = rng.uniform(0.28, 0.36), rng.uniform(0.42, 0.52)
    thin = rng.uniform(0.3, 0.38)
    profile = ((0.01, thin * 1.15), (0.04, thin * 1.15), (0.045, thin), (neck * 0.6, thin), (neck, thin * 1.25))
    body = lathe(shape, (*profile, (shoulder, 0.96), (0.97, 0.96), (0.985, 0.88)))
    sprite = _blow(rng, body, light)
    if rng.uniform() < 0.75:
        _glue(sprite, rng, body, shoulder + 0.05, rng.uniform(0.8, 0.9))
    if rng.uniform() < 0.4:
        _glue(sprite, rng, body, neck * 0.45, neck * 0.85)
    if rng.uniform() < 0.55:  # a crown cap or screw cap of metal
        cap = ((body.along < 0.055) * body.cover).astype(np.float32)
        mix(sprite.rgb, toned(shape, tint(rng), 0.4 + chrome(body.across, rng, light)), cap)
        np.maximum(sprite.opacity, cap, out=sprite.opacity)
    return sprite


def _jar(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A jar with a wide mouth, often with its metal lid and something left inside."""
    shape = (side, max(8, int(side * rng.uniform(0.62, 0.8))))
    body = lathe(shape, ((0.02, 0.78), (0.15, 0.78), (0.25, 0.96), (0.93, 0.96), (0.98, 0.86)))
    sprite = _blow(rng, body, light)
    if rng.uniform() < 0.5:
        level = rng.uniform(0.5, 0.8)
        content = (body.along > level) * (np.abs(body.across) < 0.9) * (body.along < 0.94) * 0.85 * body.cover
        mix(sprite.rgb, tint(rng, (0.5, 0.9), (0.25, 0.6)), content * 0.8)
        np.maximum(sprite.opacity, content, out=sprite.opacity)
    if rng.uniform() < 0.6:
        _glue(sprite, rng, body, 0.38, 0.78)
    if rng.uniform() < 0.6:
        cap = ((body.along < 0.15) * body.cover).astype(np.float32)
        ridges = 0.85 + 0.15 * np.sin(np.arcsin(body.across) * 30)
        lid = toned(shape, tint(rng), (0.35 + chrome(body.across, rng, light)) * ridges)
        mix(sprite.rgb, lid, cap)
        np.maximum(sprite.opacity, cap, out=sprite.opacity)
    return sprite


def _stemmed(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A wine glass: bowl, stem and foot."""
    shape = (side, max(8, int(side * 0.46)))
    bowl = ((0.01, 0.78), (0.2, 0.95), (0.38, 0.8), (0.5, 0.22), (0.54, 0.09))
    body = lathe(shape, (*bowl, (0.86, 0.08), (0.91, 0.25), (0.95, 0.85), (0.985, 0.85)))
    sprite = _blow(rng, body, light, _TINTS[4:])
    rim = np.clip(1 - np.abs(body.along - 0.02) / 0.012, 0, 1) * body.cover
    mix(sprite.rgb, (0.95, 0.97, 0.98), rim)
    np.maximum(sprite.opacity, rim, out=sprite.opacity)
    return sprite


def _shards(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A broken bottle: separate sharp pieces whose edges catch the light."""
    shape = (side, side)
    base = jitter(rng, _TINTS[int(rng.integers(len(_TINTS)))], 0.05)
    rgb, cover, opacity = blank(shape, base), zeros(shape), zeros(shape)
    corner = rng.uniform(0, 2 * math.pi)
    for number in range(int(rng.integers(3, 6))):
        angle = corner + number * 2.4
        x, y = 0.5 + 0.26 * math.cos(angle), 0.5 + 0.26 * math.sin(angle)
        turns = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 6))))
        reach = rng.uniform(0.09, 0.23, len(turns))
        points = np.stack([x + reach * np.cos(turns), y + reach * np.sin(turns)], 1)
        piece = polygon(shape, points)
        inner = polygon(shape, (points - (x, y)) * 0.8 + (x + 0.012 * light[0], y + 0.012 * light[1]))
        mix(rgb, jitter(rng, base, 0.08), piece)
        mix(rgb, (0.9, 0.95, 0.93), np.clip(piece - inner, 0, 1) * 0.75)
        np.maximum(cover, piece, out=cover)
        np.maximum(opacity, piece * 0.92 - inner * 0.3, out=opacity)
    return sheer(rgb, cover, opacity)
