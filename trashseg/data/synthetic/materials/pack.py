"""Paper packs: gable-top cartons, drink boxes with a straw, paper cups."""

from __future__ import annotations

import cv2
import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.prints import label, text_lines
from trashseg.data.synthetic.shading import bend, lathe, matte, relief
from trashseg.data.synthetic.sprites import (
    Array,
    Color,
    Light,
    Sprite,
    blank,
    dim,
    ellipse,
    jitter,
    lit,
    mix,
    paste,
    polygon,
    solid,
    tint,
    toned,
    zeros,
)

_DRINKS = ("MILK", "MILK", "SOY", "JUICE", "Latte", "Banana", "Oat", "Barley")
_CUPS = ("CAFE", "Coffee", "TEA", "hot", "Roast", "bean")


def draw_pack(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a drink carton or a paper cup whose longer side is ``side`` pixels."""
    kinds = (_gable, _gable, _brick, _cup)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _faces(rng: np.random.Generator, side: int) -> tuple[Array, Array, Color]:
    """Front and side print of one drink, and its ground colour."""
    ground = jitter(rng, (0.93, 0.93, 0.9), 0.05) if rng.uniform() < 0.55 else tint(rng, (0.3, 0.8), (0.6, 0.95))
    shape = (max(10, int(side * 0.6)), max(8, int(side * 0.42)))
    front = label(shape, rng, _DRINKS, ground)
    flank = blank((shape[0], max(6, shape[1] // 2)), ground)
    text_lines(flank, rng, (0.12, 0.3, 0.88, 0.9), int(np.clip(side // 12, 4, 12)))
    flank[: max(1, shape[0] // 6)] = tint(rng)
    return front, flank, ground


def _gable(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A milk carton seen at its corner: front, flank, sloping roof, folded triangle and the ridge."""
    shape = (side, max(10, int(side * rng.uniform(0.52, 0.66))))
    cover = zeros(shape)
    sprite = Sprite(blank(shape), cover, cover)
    front, flank, ground = _faces(rng, side)
    split, top = rng.uniform(0.58, 0.7), rng.uniform(0.27, 0.34)
    half, rise = (0.97 - split) / 2, 0.03
    ridge = ((0.03 + half, 0.11), (split + half, 0.11))
    left, right = 1.0 - 0.14 * light[0], 0.72 + 0.2 * light[0]
    paste(sprite, front, ((0.03, top), (split, top), (split, 0.985), (0.03, 0.97)), left)
    paste(sprite, flank, ((split, top), (0.97, top - rise), (0.97, 0.94), (split, 0.985)), right)
    roof = blank((16, 32), tint(rng) if rng.uniform() < 0.5 else ground)
    paste(sprite, roof, (ridge[0], ridge[1], (split, top), (0.03, top)), left * 1.06)
    gusset = polygon(shape, (ridge[1], (0.97, top - rise), (split, top)))
    dim = right * 0.8
    mix(sprite.rgb, (ground[0] * dim, ground[1] * dim, ground[2] * dim), gusset)
    np.maximum(cover, gusset, out=cover)
    fin = ((ridge[0][0], 0.02), (ridge[1][0], 0.02), ridge[1], ridge[0])
    paste(sprite, blank((8, 32), ground), fin, left * 0.9)
    _seams(sprite.rgb, ((0.03, top), (split, top), (0.97, top - rise)), ridge)
    if rng.uniform() < 0.4:  # a screw cap sits on the roof
        place = (0.03 + (split + half) / 2, (top + 0.11) / 2)
        mix(sprite.rgb, (0.25, 0.25, 0.25), ellipse(shape, (place[0] + 0.01, place[1] + 0.012), (0.1, 0.05)))
        mix(sprite.rgb, tint(rng), ellipse(shape, place, (0.095, 0.047)))
    wear = relief(patch("crumple", rng, shape, 200 / side) * rng.uniform(0.0, 0.015), light, 0.7)
    return solid(lit(sprite.rgb, wear), cover)


def _seams(rgb: Array, eaves: tuple[tuple[float, float], ...], ridge: tuple[tuple[float, float], ...]) -> None:
    """Darken the folds of the board, in place."""
    rows, columns = rgb.shape[:2]
    for line in (eaves, ridge, (eaves[1], ridge[1])):
        points = np.round(np.array(line) * (columns, rows)).astype(np.int32)
        cv2.polylines(rgb, [points], False, (0.45, 0.45, 0.45), max(1, columns // 90), cv2.LINE_AA)


def _brick(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A drink box: front, flank and top, with a bent straw."""
    shape = (side, max(10, int(side * rng.uniform(0.55, 0.7))))
    cover = zeros(shape)
    sprite = Sprite(blank(shape), cover, cover)
    front, flank, ground = _faces(rng, side)
    split, top = rng.uniform(0.6, 0.72), rng.uniform(0.3, 0.36)
    lift = 0.07
    left, right = 1.0 - 0.14 * light[0], 0.7 + 0.2 * light[0]
    paste(sprite, front, ((0.03, top), (split, top), (split, 0.985), (0.03, 0.975)), left)
    paste(sprite, flank, ((split, top), (0.97, top - lift), (0.97, 0.91), (split, 0.985)), right)
    paste(sprite, blank((16, 32), ground), ((0.33, top - lift), (0.97, top - lift), (split, top), (0.03, top)), 1.1)
    if rng.uniform() < 0.75:
        white = jitter(rng, (0.9, 0.9, 0.9), 0.05)
        stem = polygon(shape, ((0.55, top - 0.03), (0.61, top - 0.03), (0.55, 0.1), (0.49, 0.1)))
        tip = polygon(shape, ((0.49, 0.11), (0.55, 0.12), (0.74, 0.03), (0.7, 0.0)))
        straw = np.maximum(stem, tip)
        stripes = (np.arange(side) // max(2, side // 40) % 2).astype(np.float32)[:, None]
        mix(sprite.rgb, white, straw)
        mix(sprite.rgb, tint(rng), straw * stripes)
        np.maximum(cover, straw, out=cover)
    return sprite


def _cup(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A paper cup seen from above: rolled rim, dark inside, printed wall or corrugated sleeve."""
    shape = (side, max(10, int(side * rng.uniform(0.72, 0.85))))
    bow = 0.1
    body = lathe(shape, ((0.1, 0.97), (0.86, rng.uniform(0.62, 0.72))))
    print_shape = (int(side * 0.8), shape[1])
    ground = jitter(rng, (0.92, 0.9, 0.86), 0.06) if rng.uniform() < 0.6 else tint(rng, (0.3, 0.8), (0.3, 0.9))
    wall = blank(shape, ground)
    wall[-print_shape[0] :] = label(print_shape, rng, _CUPS, ground)
    if rng.uniform() < 0.4:
        sleeve = np.clip(1 - np.abs(body.along - 0.52) / 0.22, 0, 1) > 0
        ribs = 0.85 + 0.15 * np.sin(body.across * 40)
        brown = toned(shape, jitter(rng, (0.6, 0.44, 0.29), 0.05), ribs)
        mix(wall, brown, (sleeve + zeros(shape)).astype(np.float32))
    dim(wall, matte(body.across, light))
    sprite = bend(solid(wall, body.cover), bow)
    cover = sprite.cover
    outer, inner = ellipse(shape, (0.5, 0.105), (0.485, 0.1)), ellipse(shape, (0.5, 0.11), (0.44, 0.08))
    np.maximum(cover, outer, out=cover)
    mix(sprite.rgb, (0.96, 0.95, 0.93), outer)
    deep = toned(shape, (0.95, 0.93, 0.88), np.linspace(0.35, 0.75, shape[1], dtype=np.float32))
    mix(sprite.rgb, deep, inner)
    mix(sprite.rgb, jitter(rng, (0.3, 0.2, 0.12), 0.08), ellipse(shape, (0.5, 0.14), (0.36, 0.045)))
    return sprite
