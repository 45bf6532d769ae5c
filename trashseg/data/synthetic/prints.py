"""Printed matter: pages, labels, words; what tells paper and packs from bare material."""

from __future__ import annotations

import cv2
import numpy as np

from trashseg.data.synthetic.sprites import Array, Color, blank, jitter, mix, tint

_FONTS = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX)


def write(
    canvas: Array, text: str, centre: tuple[float, float], height: float, color: Color, bold: float = 1.0
) -> None:
    """Write ``text`` onto ``canvas`` in place; centre and height in shares of the canvas, shrunk to fit its width."""
    rows, columns = canvas.shape[:2]
    font = _FONTS[len(text) % 2]
    (width, tall), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = min(height * rows / tall, 0.94 * columns / width)
    thick = max(1, round(scale * 1.6 * bold))
    origin = (round(centre[0] * columns - width * scale / 2), round(centre[1] * rows + tall * scale / 2))
    stencil = np.zeros((rows, columns), np.uint8)  # OpenCV 5 writes on uint8 only
    cv2.putText(stencil, text, origin, font, scale, 255, thick, cv2.LINE_AA)
    mix(canvas, color, stencil.astype(np.float32) / 255)


def text_lines(canvas: Array, rng: np.random.Generator, box: tuple[float, float, float, float], num: int) -> None:
    """Fill ``box`` (x0, y0, x1, y1 in shares) with ``num`` grey lines that read as small print, in place."""
    rows, columns = canvas.shape[:2]
    x0, y0, x1, y1 = box
    ink = rng.uniform(0.15, 0.4)
    thick = max(1, round((y1 - y0) * rows / num * 0.42))
    for number in range(num):
        y = round((y0 + (y1 - y0) * (number + 0.5) / num) * rows)
        x = x0
        end = x1 - (rng.uniform(0.2, 0.6) * (x1 - x0) if rng.uniform() < 0.18 else 0)
        while x < end:
            word = min(end, x + rng.uniform(0.05, 0.17) * (x1 - x0))
            cv2.line(canvas, (round(x * columns), y), (round(word * columns), y), (ink, ink, ink), thick)
            x = word + 0.028 * (x1 - x0) + 1.2 / columns


def picture(canvas: Array, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    """Print a small colour picture (sky, hills, sun) into ``box`` (x0, y0, x1, y1 in shares), in place."""
    rows, columns = canvas.shape[:2]
    x0, y0, x1, y1 = (round(v * s) for v, s in zip(box, (columns, rows, columns, rows), strict=True))
    part = canvas[y0:y1, x0:x1]
    if min(part.shape[:2]) < 3:
        return
    part[:] = tint(rng, (0.15, 0.7), (0.6, 0.95))
    height, width = part.shape[:2]
    place = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.5) * height))
    cv2.circle(part, place, max(1, round(0.16 * height)), tint(rng), -1, cv2.LINE_AA)
    hills = np.array(
        [[0, height], [0, 0.7 * height], [width * 0.4, height * 0.5], [width, 0.8 * height], [width, height]]
    )
    cv2.fillPoly(part, [hills.astype(np.int32)], tint(rng, (0.4, 0.9), (0.2, 0.6)), cv2.LINE_AA)


def label(shape: tuple[int, int], rng: np.random.Generator, words: tuple[str, ...], base: Color | None = None) -> Array:
    """Return a product label (h, w, 3): a ground colour, a stripe, a badge, a word and small print."""
    ground = base if base is not None else tint(rng, (0.3, 0.95), (0.35, 0.95))
    canvas = blank(shape, ground)
    rows, columns = shape
    bright = sum(ground) > 1.6
    ink: Color = jitter(rng, (0.1, 0.1, 0.15), 0.1) if bright else jitter(rng, (0.95, 0.95, 0.92), 0.05)
    second = tint(rng, (0.5, 0.95), (0.3, 0.95))
    y = rng.uniform(0.62, 0.8)
    canvas[int(y * rows) : int((y + rng.uniform(0.05, 0.18)) * rows)] = second
    centre = (int(rng.uniform(0.35, 0.65) * columns), int(rng.uniform(0.3, 0.5) * rows))
    size = (max(1, int(rng.uniform(0.25, 0.42) * columns)), max(1, int(rng.uniform(0.15, 0.3) * rows)))
    cv2.ellipse(canvas, centre, size, 0, 0, 360, second, -1, cv2.LINE_AA)
    word = words[int(rng.integers(len(words)))]
    write(canvas, word, (0.5, rng.uniform(0.35, 0.5)), rng.uniform(0.14, 0.24), ink, 1.4)
    text_lines(canvas, rng, (0.12, 0.88, 0.88, 0.98), 2)
    return canvas
