"""Read single entries of a COCO file: an image, a category, an annotation."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from trashseg.data.problems import BadEntry
from trashseg.data.segmentation import Segment, read_segmentation

Box = tuple[float, float, float, float]

_MAX_INT = 2**62
_MAX_PIXELS = 2**30  # OpenCV reads no larger picture


class Image(NamedTuple):
    """One image entry; ``place`` is its file name in normal form, so that two spellings of one file are seen.

    ``group`` names the photographs that belong together, as `trashseg split` writes it; empty where the entry has none.
    """

    id: int
    name: str
    height: int
    width: int
    place: str
    group: str

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


class Category(NamedTuple):
    """One category entry."""

    id: int
    name: str

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


@dataclass(frozen=True)
class Annotation:
    """One annotation entry; ``area`` is the JSON's, or the segment's own where the JSON has none.

    ``box`` is the JSON's (x, y, width, height), NaN where it has none that is usable: no mask depends on it.
    """

    id: int
    image_id: int
    category_id: int
    area: float
    crowd: bool
    segment: Segment
    box: Box


def entry_id(entry: dict[str, Any]) -> int:
    """Return the entry's ``id``."""
    return _integer(entry, "id")


def read_category(entry: dict[str, Any]) -> Category:
    """Read a category.

    Raises:
        BadEntry: the id is no whole number or the name no text.
    """
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadEntry(f"name is {name!r:.40}", "give the category a name")
    return Category(entry_id(entry), name)


def read_image_entry(entry: dict[str, Any]) -> Image:
    """Read an image's entry; the photograph itself is not touched.

    Raises:
        BadEntry: the id or the size is no whole number, or the file name is empty or leaves the data set's folder.
    """
    number = entry_id(entry)
    name = entry.get("file_name")
    place = _check_file_name(name)
    height, width = _integer(entry, "height"), _integer(entry, "width")
    if height <= 0 or width <= 0 or height * width > _MAX_PIXELS:
        raise BadEntry(f"size is {height} x {width} (height x width)", "write the photograph's size in pixels")
    group = entry.get("group")
    return Image(number, str(name), height, width, place, str(group) if isinstance(group, str | int) else "")


def read_annotation(
    entry: dict[str, Any],
    sizes: Mapping[int, tuple[int, int]],
    categories: Mapping[int, str],
    left_out: tuple[set[int], set[int]],
) -> Annotation | None:
    """Read an annotation.

    Args:
        entry: The JSON object.
        sizes: (height, width) of the usable images by their id.
        categories: The usable categories.
        left_out: Ids of images and of categories that were dropped for faults of their own.

    Returns:
        The annotation, or None where its image or category was dropped.

    Raises:
        BadEntry: an id is wrong or unknown, or the segmentation cannot be painted.
    """
    number = entry_id(entry)
    image_id, category_id = _integer(entry, "image_id"), _integer(entry, "category_id")
    if image_id not in sizes and image_id not in left_out[0]:
        raise BadEntry(f"image_id {image_id} is not among the images", "correct it or remove the annotation")
    if category_id not in categories and category_id not in left_out[1]:
        known = ", ".join(map(str, sorted(categories)[:12])) + (", ..." if len(categories) > 12 else "")
        raise BadEntry(f"category_id {category_id} is not among the categories ({known})", "correct it or add it there")
    if image_id not in sizes or category_id not in categories:
        return None
    segment = read_segmentation(entry.get("segmentation"), *sizes[image_id])
    area = _area(entry, segment)
    return Annotation(number, image_id, category_id, area, bool(entry.get("iscrowd")), segment, _box(entry.get("bbox")))


def _box(value: Any) -> Box:
    """Return four numbers."""
    if isinstance(value, list) and len(value) == 4 and all(isinstance(number, int | float) for number in value):
        x, y, width, height = map(float, value)
        return x, y, width, height
    return math.nan, math.nan, math.nan, math.nan


def _area(entry: dict[str, Any], segment: Segment) -> float:
    """Return the entry's area, or the segment's where the entry has none."""
    area = entry.get("area")
    if area is None:
        return segment.area()
    if isinstance(area, bool) or not isinstance(area, (int, float)) or not abs(area) < math.inf:
        raise BadEntry(f"area is {area!r:.40}, not a number", "write the area in square pixels or leave the key out")
    return float(min(max(area, -_MAX_INT), _MAX_INT))


def _integer(entry: dict[str, Any], key: str) -> int:
    """Return a whole number of the entry; 3.0 is one, "3" and true are not."""
    value = entry.get(key)
    if type(value) is int and abs(value) < _MAX_INT:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_INT:
        return int(value)
    found = "is missing" if value is None else f"is {value!r:.40}, not a whole number"
    raise BadEntry(f"{key} {found}", f"write {key} as a whole number without quotes")


def _check_file_name(name: Any) -> str:
    """Return the file name in normal form where, read as Unix or as Windows, it stays inside the folder."""
    if not isinstance(name, str) or not name.strip():
        found = "missing or empty" if not name else f"{name!r:.60}"
        raise BadEntry(f"file_name is {found}", "write the photograph's path relative to data.root")
    windows, unix = PureWindowsPath(name), PurePosixPath(name)
    if unix.is_absolute() or windows.drive or windows.root:
        raise BadEntry(f"file_name {name!r:.200} is absolute", "write it relative to data.root")
    if ".." in unix.parts or ".." in windows.parts:
        raise BadEntry(f"file_name {name!r:.200} leaves the folder by '..'", "write it relative to data.root")
    if not unix.parts or any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in name):
        raise BadEntry(f"file_name {name!r:.200} cannot name a file", "rename the photograph")
    return posixpath.normpath(name)
