from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from trashseg.data.images import IMAGE_SUFFIXES, read_image, verify_image
from trashseg.types import DataError


def gradient(height: int = 48, width: int = 80) -> np.ndarray:
    """Return a smooth picture, which JPEG hardly changes, different in every corner and channel."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3, y * 5, 255 - x - y], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_every_format_reads_as_rgb(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"사진{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(gradient()).save(path, **options)
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - gradient()).mean() < 3
    assert verify_image(path) == (48, 80)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    photograph = Image.fromarray(gradient())
    exif = photograph.getexif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    photograph.save(path, exif=exif)
    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    image = read_image(path)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 3
    assert verify_image(path) == image.shape[:2]


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "1", "CMYK", "I;16"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    rgb = Image.fromarray(gradient())
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        stored = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
        expected = np.asarray(rgb.convert("L").convert("RGB"))
    else:
        stored = rgb.convert(mode)
        expected = np.asarray(stored.convert("RGB"))
    stored.save(path)
    image = read_image(path)
    assert image.shape == (48, 80, 3)
    assert np.abs(image.astype(int) - expected).mean() < 3
    assert verify_image(path) == (48, 80)


def bad_file(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "bad.jpg"
    Image.fromarray(gradient(400, 400)).save(path)
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    else:
        short = {"empty": b"", "header": content[:100], "truncated": content[: len(content) * 2 // 3]}
        path.write_bytes(short.get(kind, b"<html>not found</html>"))
    return path


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "header", "truncated", "html"])
def test_bad_files_are_found(tmp_path: Path, kind: str) -> None:
    path = bad_file(tmp_path, kind)
    with pytest.raises(DataError, match=r"bad\.jpg") as caught:
        verify_image(path)
    assert "\n" not in str(caught.value)
    if kind != "truncated":  # OpenCV fills the rest with grey: the reason why verify_image exists
        with pytest.raises(DataError, match=r"bad\.jpg"):
            read_image(path)


def test_truncated_png_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataError, match="truncated"):
        verify_image(path)
