"""Metal: drink cans, crushed cans, food cans, lids and crown caps."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.prints import label
from trashseg.data.synthetic.shading import bend, chrome, dent, lathe, relief, turned
from trashseg.data.synthetic.sprites import (
    Array,
    Light,
    Sprite,
    dim,
    ellipse,
    jitter,
    lit,
    mix,
    polygon,
    solid,
    tint,
    toned,
    zeros,
)

_WORDS = ("COLA", "BEER", "SODA", "Cider", "TONIC", "Lager")


def draw_metal(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a metal object whose longer side is ``side`` pixels."""
    kinds = (_can, _can, _crushed, _tin, _lid, _foil)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _steel(rng: np.random.Generator, brightness: Array) -> Array:
    """Turn brightness (h, w) into bare metal, a little bluish or golden."""
    shape = (brightness.shape[0], brightness.shape[1])
    return toned(shape, jitter(rng, (0.93, 0.94, 0.97), 0.05), brightness)


def _end(sprite: Sprite, rng: np.random.Generator, centre: float, height: float, width: float) -> None:
    """Draw a can's upper end, a silver ellipse with its rim and pull tab, in place; sizes in shares."""
    shape = (sprite.cover.shape[0], sprite.cover.shape[1])
    outer = ellipse(shape, (0.5, centre), (width, height))
    fans, _ = turned(shape, rng)
    np.maximum(sprite.cover, outer, out=sprite.cover)
    mix(sprite.rgb, _steel(rng, fans * 1.15), outer)
    mix(sprite.rgb, (0.3, 0.3, 0.32), ellipse(shape, (0.5, centre + 0.1 * height), (width * 0.88, height * 0.82)))
    mix(sprite.rgb, _steel(rng, fans), ellipse(shape, (0.5, centre + 0.2 * height), (width * 0.85, height * 0.75)))
    tab = ellipse(shape, (0.5, centre + 0.05 * height), (width * 0.2, height * 0.4))
    hole = ellipse(shape, (0.5, centre - 0.1 * height), (width * 0.1, height * 0.14))
    mix(sprite.rgb, (0.32, 0.32, 0.34), ellipse(shape, (0.5, centre + 0.55 * height), (width * 0.3, height * 0.28)))
    mix(sprite.rgb, (0.88, 0.88, 0.9), tab)
    mix(sprite.rgb, (0.35, 0.35, 0.37), hole)


def _can(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A drink can: lacquered wall that still mirrors in bands, bare ends, tab."""
    shape = (side, max(10, int(side * rng.uniform(0.46, 0.62))))
    bow = rng.uniform(0.05, 0.09)
    body = lathe(shape, ((bow, 0.76), (bow + 0.07, 0.98), (0.86 - bow, 0.98), (0.95 - bow, 0.74)))
    bands = chrome(body.across, rng, light)
    wall = label(shape, rng, _WORDS)
    turn = np.arcsin(body.across) / math.pi + 0.5  # the print runs round the wall
    columns = np.asarray(turn * (shape[1] - 1), np.float32)
    rows = np.broadcast_to(np.arange(side, dtype=np.float32)[:, None], shape)
    wall = cv2.remap(wall, columns, np.ascontiguousarray(rows), cv2.INTER_LINEAR)
    dim(wall, 0.35 + 0.95 * bands)
    mix(wall, (1.0, 1.0, 1.0), 0.2 * bands**3)
    bare = (np.abs(body.along - 0.45) > 0.38 - bow / 2).astype(np.float32) + zeros(shape)
    mix(wall, _steel(rng, bands), bare)
    sprite = bend(solid(wall, body.cover), bow)
    _end(sprite, rng, bow + 0.005, bow * 0.95, 0.385)
    return sprite


def _crushed(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A can someone trod on: shorter, kinked sidewards, with sharp bright creases."""
    can = _can(rng, side, light)
    height, width = can.cover.shape
    small = (max(10, int(height * rng.uniform(0.55, 0.8))), width)
    rgb = cv2.resize(can.rgb, small[::-1], interpolation=cv2.INTER_AREA)
    cover = cv2.resize(can.cover, small[::-1], interpolation=cv2.INTER_AREA)
    creases = patch("crumple", rng, small, 170 / min(small))
    rgb = lit(rgb, relief(creases * 0.09, light, 1.0))
    wide = cv2.copyMakeBorder(rgb, 0, 0, width // 5, width // 5, cv2.BORDER_REPLICATE)
    return dent(solid(wide, cv2.copyMakeBorder(cover, 0, 0, width // 5, width // 5, cv2.BORDER_CONSTANT)), rng, 0.12)


def _tin(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A food can: bare wall with beads round it, or a paper label between bare ends."""
    shape = (side, max(10, int(side * rng.uniform(0.72, 1.0))))
    bow = 0.12
    body = lathe(shape, ((bow, 0.97), (0.97 - bow, 0.97)))
    bands = chrome(body.across, rng, light)
    ribs = 1 + 0.22 * np.sin(body.along * 2 * math.pi * rng.uniform(9, 13))
    wall = _steel(rng, bands * ribs)
    if rng.uniform() < 0.5:
        middle = (np.abs(body.along - 0.5) < 0.24).astype(np.float32) + zeros(shape)
        paper = label(shape, rng, ("TUNA", "CORN", "HAM", "Soup", "PEACH"))
        mix(wall, lit(paper, 0.5 + 0.5 * bands), middle)
    sprite = bend(solid(wall, body.cover), bow)
    fans, _ = turned(shape, rng)
    np.maximum(sprite.cover, ellipse(shape, (0.5, bow), (0.485, bow)), out=sprite.cover)
    is_open = rng.uniform() < 0.5
    for number in range(5):
        disc = ellipse(shape, (0.5, bow), (0.485 - 0.06 * number, bow * (1 - 0.125 * number)))
        mix(sprite.rgb, _steel(rng, fans * (1.1 if number % 2 == 0 else 0.75)), disc)
    if is_open:
        dark = np.linspace(0.12, 0.5, shape[1], dtype=np.float32)[None, :] + zeros(shape)
        mix(sprite.rgb, _steel(rng, dark), ellipse(shape, (0.5, bow * 1.05), (0.44, bow * 0.85)))
    return sprite


def _lid(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A can's end or a jar's lid from above: turned rings that mirror light in fans."""
    shape = (side, side)
    fans, radius = turned(shape, rng, 55)
    rings = fans + 0.16 * np.sin(radius * 26) * (np.abs(radius - 0.62) < 0.2) * (1 - 0.3 * light[1])
    rgb = _steel(rng, rings)
    if rng.uniform() < 0.4:
        mix(rgb, toned(shape, tint(rng), 0.3 + fans), np.clip((0.78 - radius) * side / 2, 0, 1))
    mix(rgb, (0.25, 0.25, 0.27), np.clip(1 - np.abs(radius - 0.88) * 30, 0, 1))
    if rng.uniform() < 0.7:
        mix(rgb, (0.3, 0.3, 0.32), ellipse(shape, (0.52, 0.36), (0.12, 0.2)))
        mix(rgb, (0.9, 0.9, 0.92), ellipse(shape, (0.5, 0.34), (0.115, 0.19)))
        mix(rgb, (0.4, 0.4, 0.42), ellipse(shape, (0.5, 0.25), (0.065, 0.07)))
    return solid(rgb, np.clip((0.97 - radius) * side / 2, 0, 1))


def _foil(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Crumpled aluminium foil: facets that are nearly white or nearly black."""
    shape = (max(10, int(side * rng.uniform(0.6, 0.95))), side)
    creases = patch("crumple", rng, shape, 340 / side)
    angles = np.sort(rng.uniform(0, 2 * math.pi, 22))
    reach = rng.uniform(0.36, 0.49, 22)
    cover = polygon(shape, np.stack([0.5 + reach * np.cos(angles), 0.5 + reach * np.sin(angles)], 1))
    shine = np.clip(relief(creases * 0.2, light, 0.75) * 0.6 - 0.03, 0.05, 1)
    return solid(_steel(rng, np.asarray(shine, np.float32)), cover)
