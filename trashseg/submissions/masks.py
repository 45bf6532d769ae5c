"""Submissions as class-id PNGs and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.pictures import class_id_png
from trashseg.submission import SubmissionFile, shrink_map, write_submission
from trashseg.types import ClassTable, ConfigError, DataError

Map = npt.NDArray[np.uint8]


def write_masks(file: SubmissionFile, folder: Path, table: ClassTable, size: int | None) -> int:
    """Write ``folder/NAME.png`` for every row, pixel value = class id; return how many.

    Args:
        file: the submission.
        folder: where the pictures go.
        table: the classes, for the pictures' palette.
        size: height and width of the pictures, enlarged by repeating pixels; None: as they are.

    Raises:
        ConfigError: the size is none.
    """
    if size is not None and size < 1:
        raise ConfigError(f"--size {size} is no size; give the photographs' side, such as --size 512.")
    for name in file.rows:
        ids = file.class_map(name)
        if size is not None:
            ids = np.asarray(cv2.resize(ids, (size, size), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        class_id_png(folder / PurePath(name).with_suffix(".png"), ids, table)
    return len(file.rows)


def masks_to_submission(folder: Path, path: Path, names: Sequence[str], num_classes: int) -> None:
    """Write the class-id PNGs of photographs as a submission of 256x256, shrunk as the official notebook does.

    Args:
        folder: with ``NAME.png`` for each photograph.
        path: the CSV.
        names: the photographs in the order of the submission.
        num_classes: K.

    Raises:
        DataError: a PNG is missing, no picture of class ids, or holds an id that is no class.
    """
    write_submission(path, names, _maps(folder, names, num_classes))


def _maps(folder: Path, names: Sequence[str], num_classes: int) -> Iterator[Map]:
    for name in names:
        path = folder / PurePath(name).with_suffix(".png")
        # As it is stored: a palette's picture would be read as its colours.
        ids = _stored_ids(path)
        if ids.max() >= num_classes:
            raise DataError(f"{path} holds the id {ids.max()}; ids are 0..{num_classes - 1}.")
        yield shrink_map(ids)


def _stored_ids(path: Path) -> Map:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            if picture.mode not in ("L", "P"):
                raise DataError(f"{path} is a {picture.mode} picture; give PNGs whose pixels are class ids.")
            return np.array(picture, dtype=np.uint8)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path} is missing or no picture; every photograph needs its PNG.") from error
