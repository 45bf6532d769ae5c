"""PNG files: pictures for people, and class ids for programs."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image

from trashseg.files import atomic_file
from trashseg.pictures.overlay import Mask, Picture
from trashseg.types import IGNORE_INDEX, ClassTable

_IGNORE_COLOR = (224, 224, 192)  # the colour of Pascal VOC's void label


def save_png(path: str | os.PathLike[str], picture: Picture) -> None:
    """Write a picture (H, W, 3), uint8, RGB, atomically."""
    with atomic_file(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


def class_id_png(path: str | os.PathLike[str], mask: Mask, table: ClassTable) -> None:
    """Write a mask (H, W), uint8, as a palette PNG: pixel values are the class ids, viewers show class colours.

    PIL reads the ids back as they are; OpenCV's imread turns any palette into colours.
    """
    palette = np.zeros((256, 3), dtype=np.uint8)
    palette[: len(table)] = table.palette
    palette[IGNORE_INDEX] = _IGNORE_COLOR
    image = Image.fromarray(mask)
    image.putpalette(palette.tobytes(), "RGB")
    with atomic_file(path) as temporary:
        image.save(temporary, format="PNG")
