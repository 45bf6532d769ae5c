"""Fonts for the pictures: NanumGothic, which has Hangul, else DejaVu Sans; never a box in place of a character."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]

INK: Color = (34, 34, 34)
SOFT_INK: Color = (110, 110, 110)
PAPER: Color = (255, 255, 255)

_ELLIPSIS = "..."
_FINE = 4  # letters are drawn this many times larger

# package that ships the fonts, its folder of fonts, regular and bold file; the first that is installed is taken
_FAMILIES = (
    ("koreanize_matplotlib", "fonts", "NanumGothic.ttf", "NanumGothicBold.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
)


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font at ``size`` pixels.

    Raises:
        RuntimeError: neither package with fonts is installed, although trashseg requires both.
    """
    for package, folder, regular, heavy in _FAMILIES:
        path = _package_dir(package) / folder / (heavy if bold else regular)
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    raise RuntimeError("no font found: koreanize-matplotlib and matplotlib are not installed")


def can_draw(text: str) -> bool:
    """Say whether the font has every character of ``text``."""
    return all(_has_glyph(char) for char in text)


def drawable(text: str) -> str:
    """Return ``text`` on one line, composed (file names from macOS hold parts of syllables), "?" for what lacks."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(char if _has_glyph(char) else "?" for char in composed)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Return the width of ``text`` in pixels when its letters are ``size`` pixels high."""
    return math.ceil(font(size * _FINE, bold).getlength(text) / _FINE)


def fit(text: str, size: int, width: int, bold: bool = False) -> str:
    """Shorten ``text`` in the middle until it is at most ``width`` pixels wide: both ends of a file name tell most."""
    if text_width(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        shorter = text[: (kept + 1) // 2].rstrip() + _ELLIPSIS + text[len(text) - kept // 2 :].lstrip()
        if text_width(shorter, size, bold) <= width:
            return shorter
    return ""


def write(
    picture: Image.Image,
    corner: tuple[float, float],
    text: str,
    size: int,
    *,
    ink: Color = INK,
    bold: bool = False,
    anchor: str = "lm",
) -> None:
    """Write ``text`` with its anchor at ``corner`` (x, y).

    The letters are drawn larger and averaged down: fitted to the pixel grid, as FreeType does it at these sizes,
    NanumGothic loses descenders and its full stop looks like a comma.

    Args:
        picture: the RGB picture that is written on.
        corner: where the anchor lies, in pixels.
        text: one line of characters that the font has.
        size: the size of the letters in pixels.
        ink: the colour of the letters.
        bold: whether to take the bold font.
        anchor: ``l``, ``m`` or ``r`` (left, middle, right), then ``t``, ``m`` or ``s`` (top, middle, baseline).
    """
    if not text:
        return
    face = font(size * _FINE, bold)
    ascent, descent = face.getmetrics()
    width, height = text_width(text, size, bold), math.ceil((ascent + descent) / _FINE)
    letters = Image.new("L", (width * _FINE, height * _FINE))
    ImageDraw.Draw(letters).text((0, ascent), text, fill=255, font=face, anchor="ls")
    left = corner[0] - {"l": 0.0, "m": width / 2, "r": width}[anchor[0]]
    top = corner[1] - {"t": 0.0, "m": height / 2, "s": ascent / _FINE}[anchor[1]]
    picture.paste(ink, (round(left), round(top)), letters.reduce(_FINE))


def korean_or_nothing(name: str, korean: str) -> str:
    """Return the Korean name where the font can draw it and it says more than the English one, else nothing."""
    return korean if korean != name and can_draw(korean) else ""


def _package_dir(name: str) -> Path:
    """Return a package's folder without importing it: koreanize_matplotlib changes matplotlib when imported."""
    spec = find_spec(name)
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else Path("/nonexistent")


@lru_cache(maxsize=4096)
def _has_glyph(char: str) -> bool:
    """Say whether the font has ``char``: a missing one is drawn like U+FFFF, which no font has."""
    return char.isspace() or (char.isprintable() and _shape(char) != _shape("\uffff"))


def _shape(char: str) -> bytes:
    """Return the pixels of one character."""
    tile = Image.new("L", (48, 48))
    ImageDraw.Draw(tile).text((8, 4), char, fill=255, font=font(32))
    return tile.tobytes()
