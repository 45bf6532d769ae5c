"""Read photographs, and find those that cannot be read before training does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from trashseg.data.problems import BadEntry
from trashseg.types import DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""Endings of photographs, in small letters; compare with ``path.suffix.lower()``."""

_ORIENTATION_TAG = 0x0112
_REMEDY = "restore the file or take it out of the data set"


def read_image(path: str | Path) -> npt.NDArray[np.uint8]:
    """Read a photograph as it is meant to be seen: the EXIF orientation is applied.

    Returns:
        An array (H, W, 3), uint8, RGB, C-contiguous. Grey, transparent, 16-bit and CMYK files become RGB too.

    Raises:
        DataError: the file is missing or cannot be decoded.
    """
    try:
        return _decode(path)
    except BadEntry as bad:
        raise DataError(f"{bad.what}; {bad.remedy}.") from bad


def verify_image(path: str | Path) -> tuple[int, int]:
    """Decode a photograph to its last row and return the (height, width) that :func:`read_image` gives it.

    Raises:
        DataError: the file is missing, empty, truncated or not an image.
    """
    try:
        return decoded_size(Path(path))
    except BadEntry as bad:
        raise DataError(f"{bad.what}; {bad.remedy}.") from bad


def decoded_size(path: Path) -> tuple[int, int]:
    """Do the work of :func:`verify_image`.

    Pillow decodes here, since OpenCV fills the missing part of a truncated file with grey and says nothing.

    Raises:
        BadEntry: the file is missing, empty, truncated or not an image.
    """
    if not path.is_file():
        raise BadEntry(f"{path} {'is not a file' if path.exists() else 'does not exist'}", _REMEDY)
    if path.stat().st_size == 0:
        raise BadEntry(f"{path} is empty (0 bytes)", _REMEDY)
    try:
        with Image.open(path) as photograph:
            plain = _is_plain(photograph)
            width, height = photograph.size
            # A JPEG's grey at an eighth: every byte is still read, which finds a missing end; the colours cost most.
            photograph.draft("L", (1, 1))
            photograph.load()
    # Pillow's decoders raise whatever they meet: OSError, SyntaxError, struct.error, ...
    except Exception as error:
        raise BadEntry(f"{path} is truncated or not an image ({_first_line(error)})", _REMEDY) from error
    if plain:
        return height, width
    height, width = _decode(path).shape[:2]
    return height, width


def _decode(path: str | Path) -> npt.NDArray[np.uint8]:
    """Do the work of :func:`read_image`, raising BadEntry."""
    try:
        # imread cannot open every name on Windows; the bytes can always be had.
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    except (OSError, cv2.error) as error:
        raise BadEntry(f"{path} cannot be read ({_first_line(error)})", _REMEDY) from error
    if image is None:
        raise BadEntry(f"{path} is empty or not an image that can be decoded", _REMEDY)
    return np.ascontiguousarray(image, dtype=np.uint8)


def _is_plain(photograph: Any) -> bool:
    """Say whether both libraries surely agree on the size: a grey or RGB JPEG that is not to be turned."""
    if photograph.format != "JPEG" or photograph.mode not in {"L", "RGB"}:
        return False
    try:
        return bool(photograph.getexif().get(_ORIENTATION_TAG, 1) == 1)
    except Exception:
        return False


def _first_line(error: Exception) -> str:
    """Return the error's text without paths, addresses and further lines."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0][:120]
