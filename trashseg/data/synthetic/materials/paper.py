"""Paper: printed sheets, newspaper, crumpled sheets, corrugated cardboard and boxes."""

from __future__ import annotations

import math

import cv2
import numpy as np

from trashseg.data.synthetic.fields import patch
from trashseg.data.synthetic.prints import label, picture, text_lines, write
from trashseg.data.synthetic.shading import relief
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
    mix,
    paste,
    polygon,
    soften,
    solid,
    tint,
    toned,
    zeros,
)

_WORDS = ("NEWS", "REPORT", "SALE", "NOTICE", "Daily", "INVOICE", "MENU", "Letter")


def draw_paper(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """Draw a piece of paper or cardboard whose longer side is ``side`` pixels."""
    kinds = (_sheet, _sheet, _torn, _crumpled, _cardboard, _cardboard, _carton)
    return kinds[int(rng.integers(len(kinds)))](rng, side, light)


def _page(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """A printed page: heading, columns of lines, at times a picture or coloured advertisement."""
    white = jitter(rng, (0.9, 0.89, 0.85), 0.07)
    if rng.uniform() < 0.2:
        return label(shape, rng, _WORDS)  # a flyer
    page = blank(shape, white)
    write(page, _WORDS[int(rng.integers(len(_WORDS)))], (0.5, 0.09), 0.06, tint(rng, (0, 0.9), (0.1, 0.5)), 1.5)
    num_columns = int(rng.integers(1, 4))
    lines = int(np.clip(shape[0] * 0.72 / 5, 6, 26))  # lines nearer than five pixels would melt to grey
    for column in range(num_columns):
        left = 0.07 + 0.88 * column / num_columns
        text_lines(page, rng, (left, 0.17, left + 0.88 / num_columns - 0.03, 0.95), lines)
    if rng.uniform() < 0.6:
        x, y = rng.uniform(0.07, 0.4), rng.uniform(0.2, 0.6)
        picture(page, rng, (x, y, x + rng.uniform(0.25, 0.5), y + rng.uniform(0.15, 0.3)))
    return page


def _folds(rng: np.random.Generator, shape: tuple[int, int], crumple: float) -> Array:
    """Heights of a sheet that was folded once or twice and carried about."""
    rows, columns = axes(shape)
    height = patch("crumple", rng, shape, 260 / min(shape)) * crumple
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.uniform(0, math.pi)
        line = (columns - rng.uniform(0.3, 0.7)) * math.cos(angle) + (rows - rng.uniform(0.3, 0.7)) * math.sin(angle)
        height += np.abs(line) * rng.uniform(-0.22, 0.22)
    return height


def _sheet(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    shape = (side, max(8, int(side * rng.uniform(0.6, 0.8))))
    page = _page(rng, shape)
    dim(page, relief(_folds(rng, shape, rng.uniform(0.0, 0.02)), light, 0.9))
    corners = np.array([[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]) + rng.uniform(-0.02, 0.02, (4, 2))
    return solid(page, polygon(shape, corners))


def _torn(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A sheet torn across; the halves lie apart, so the object has two parts."""
    sheet = _sheet(rng, side, light)
    height, width = sheet.cover.shape
    noise = patch("fractal", rng, (1, width), 200 / width)[0]
    edge = (rng.uniform(0.35, 0.65) + 0.035 * noise) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    gap = rng.uniform(0.02, 0.07) * height
    cover = sheet.cover * np.clip(np.abs(rows - edge[None, :]) - gap + 0.5, 0, 1)
    fringe = np.clip(1 - (np.abs(rows - edge[None, :]) - gap) / (0.02 * height), 0, 1)
    mix(sheet.rgb, (0.93, 0.93, 0.91), fringe)
    return solid(sheet.rgb, cover.astype(np.float32))


def _crumpled(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A printed sheet crushed to a ball: the print runs along the creases."""
    shape = (side, max(8, int(side * rng.uniform(0.75, 1.0))))
    height = patch("crumple", rng, shape, 300 / side)
    page = _page(rng, shape)
    rows, columns = (np.arange(n, dtype=np.float32) for n in shape)
    map_x = columns[None, :] + height * side * 0.05
    map_y = rows[:, None] + patch("crumple", rng, shape, 300 / side) * side * 0.05
    page = cv2.remap(page, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    page += (page.max((0, 1)) - page) * 0.4  # the back of the sheet shows in part
    cover = bite(rng, blob(shape, rng, 0.35, 14), height, 0.05)
    dome = soften(cover, side / 7) * 0.35
    dim(page, relief(height * 0.06 + dome, light, 0.75))
    return solid(page, cover)


def _board(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Brown board: fibres, faint flutes, tape, a printed word or stains."""
    brown: Color = jitter(rng, (0.66, 0.5, 0.34), 0.07)
    rows, _ = axes(shape)
    flutes = np.sin(rows * shape[0] * 2 * math.pi / max(4.0, shape[0] / 34))
    tone = 1 + 0.035 * flutes + 0.04 * patch("fibre", rng, shape, 1.5, turn=False)
    board = toned(shape, brown, tone + 0.05 * patch("fractal", rng, shape, 200 / max(shape)))
    if rng.uniform() < 0.55:
        ink: Color = jitter(rng, (0.2, 0.16, 0.14), 0.05) if rng.uniform() < 0.7 else (0.6, 0.12, 0.1)
        word = ("FRAGILE", "BOX", "THIS SIDE UP", "FRESH", "No.12")[int(rng.integers(5))]
        write(board, word, (0.5, rng.uniform(0.3, 0.7)), rng.uniform(0.1, 0.22), ink, 1.6)
    if rng.uniform() < 0.45:
        x = rng.uniform(0.25, 0.65)
        tape = board[:, int(x * shape[1]) : int((x + 0.14) * shape[1])]
        tape *= 0.75
        tape += np.array(jitter(rng, (0.2, 0.17, 0.11), 0.05), np.float32)
    return board


def _cardboard(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A torn piece of corrugated board: along the torn edge the flutes lie open."""
    shape = (max(8, int(side * rng.uniform(0.6, 0.95))), side)
    board = _board(rng, shape)
    points = np.array([[0.03, 0.05], [0.5, 0.02], [0.97, 0.06], [0.96, 0.95], [0.4, 0.97], [0.03, 0.93]])
    cover = polygon(shape, points + rng.uniform(-0.025, 0.025, points.shape))
    noise = patch("fractal", rng, shape, 500 / side)
    inner = bite(rng, cover, noise + np.linspace(rng.uniform(-2, 0), 1.5, side, dtype=np.float32)[None, :], 0.09)
    _, columns = axes(shape)
    flutes = 0.72 + 0.3 * np.sin(columns * side * 2 * math.pi / max(4.0, side / 26))
    mix(board, toned(shape, jitter(rng, (0.6, 0.45, 0.3), 0.03), flutes), np.clip(cover - inner, 0, 1))
    crease = np.abs(columns - rng.uniform(0.3, 0.7)) * rng.uniform(-0.35, 0.35) + zeros(shape)
    dim(board, relief(crease + 0.012 * noise, light, 0.8))
    return solid(board, cover)


def _carton(rng: np.random.Generator, side: int, light: Light) -> Sprite:
    """A cardboard box with its flaps open, seen from above at a slant."""
    shape = (side, side)
    cover = zeros(shape)
    sprite = Sprite(blank(shape), cover, cover)
    face = (max(8, side // 2), max(8, side // 2))
    near, far, left, right = rng.uniform(0.5, 0.62), rng.uniform(0.2, 0.27), 0.14, 0.86
    back = ((left + 0.1, far), (right - 0.1, far))
    front = ((left, near), (right, near))
    inner = rng.uniform(0.3, 0.42)
    paste(sprite, _board(rng, face), (back[0], back[1], front[1], front[0]), inner)  # the dark inside
    shade = inner + 0.3
    wall = near - 0.08
    paste(sprite, _board(rng, face), (*back, (right - 0.1, wall - 0.04), (left + 0.1, wall - 0.04)), shade)
    paste(sprite, _board(rng, face), (front[0], front[1], (right - 0.04, 0.96), (left + 0.04, 0.96)), 0.95)
    paste(sprite, _board(rng, face), (back[0], front[0], (0.01, near - 0.05), (0.06, far - 0.06)), 0.8 - 0.2 * light[0])
    paste(sprite, _board(rng, face), (back[1], front[1], (0.99, near - 0.05), (0.94, far - 0.06)), 0.8 + 0.2 * light[0])
    paste(sprite, _board(rng, face), ((left + 0.12, 0.03), (right - 0.12, 0.03), back[1], back[0]), 1.08)
    return sprite
