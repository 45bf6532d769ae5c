"""Read one `segmentation` of a COCO file: polygons, run lengths as a list, or COCO's compressed run lengths.

pycocotools crashes on NaN and reads memory that is not its own on short run lengths, so nothing reaches it that has not
passed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.problems import BadEntry

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NUMBER_TYPES = frozenset({int, float})
_MIN_NUMBERS = 6  # three points
_OUTSIDE_TOLERANCE = 1.0  # pixels; annotators' mice slip over the edge
_REDRAW = "draw the object again or remove the annotation"
_EXPORT_AGAIN = "export the annotation again or remove it"


@dataclass(frozen=True)
class Segment:
    """One validated segmentation.

    ``parts`` are the polygons (x, y, x, y, ...; pixels), or one array of run lengths (column-major, background first)
    where ``is_rle``. ``num_points`` is how many numbers the first polygon has in the file, or how many runs there are.
    """

    parts: tuple[FloatArray, ...]
    is_rle: bool
    num_points: int

    def area(self) -> float:
        """Return the area in square pixels: the polygons' own, overlaps counted twice, or the pixels of the runs."""
        if self.is_rle:
            return float(self.parts[0][1::2].sum())
        return float(sum(_shoelace(part) for part in self.parts))


def read_segmentation(value: Any, height: int, width: int) -> Segment:
    """Check ``value`` as it stands in the JSON against an image of ``height`` x ``width`` pixels.

    A part of fewer than three points beside good parts is left out without a word: pycocotools paints nothing for it.

    Raises:
        BadEntry: ``value`` cannot be painted.
    """
    if isinstance(value, list) and value:
        return _read_polygons(value, height, width)
    if isinstance(value, dict):
        return _read_runs(value, height, width)
    found = "segmentation is missing or empty" if not value else f"segmentation is a {type(value).__name__}"
    raise BadEntry(found, "give a list of polygons [[x, y, x, y, ...]] or run lengths {size, counts}")


def decode_counts(text: str | bytes) -> IntArray:
    """Decode COCO's compressed run lengths.

    The format (cocoapi, rleToString): each number is written in groups of five bits, lowest first, as the character
    48 + group, + 32 while groups follow; the highest bit of the last group is the sign; from the fourth number on the
    difference to the number two places before is written.

    Returns:
        The run lengths, int64, column-major, background first.

    Raises:
        ValueError: a character does not belong to the format, or the text ends inside a number.
    """
    data = text if isinstance(text, bytes) else text.encode("ascii")
    groups = np.frombuffer(data, np.uint8).astype(np.int64) - 48
    if groups.size == 0:
        return groups
    if groups.min() < 0 or groups.max() > 63:
        raise ValueError("a character is not one of COCO's")
    ends = np.flatnonzero(groups < 32)
    if ends.size == 0 or ends[-1] != groups.size - 1:
        raise ValueError("the text ends inside a number")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > 12:
        raise ValueError("a number is too long")
    place = np.arange(groups.size) - np.repeat(starts, lengths)
    counts: IntArray = np.add.reduceat((groups & 31) << (5 * place), starts)
    counts -= np.where(groups[ends] & 16, np.int64(1) << (5 * lengths), 0)
    counts[1::2] = np.cumsum(counts[1::2])
    counts[2::2] = np.cumsum(counts[2::2])
    return counts


def _read_polygons(value: list[Any], height: int, width: int) -> Segment:
    """Check a list of polygons."""
    parts = [_read_part(part) for part in value]
    good = tuple(part for part in parts if part.size >= _MIN_NUMBERS)
    if not good:
        longest = max(part.size for part in parts) // 2
        raise BadEntry(f"polygon has {longest} points, at least 3 are needed", _REDRAW)
    if any(part.size % 2 for part in good):
        raise BadEntry("polygon has an odd number of coordinates", "every point needs x and y; export it again")
    _check_frame(good, height, width)
    return Segment(good, is_rle=False, num_points=parts[0].size)


def _read_part(part: Any) -> FloatArray:
    """Return one polygon's numbers."""
    if not isinstance(part, list):
        raise BadEntry(
            f"segmentation holds a {type(part).__name__} where a polygon must be",
            "write a list of polygons, [[x, y, x, y, ...]], also for one polygon",
        )
    return _read_numbers(part, "polygon coordinates")


def _read_numbers(values: list[Any], name: str) -> FloatArray:
    """Return ``values`` as float64 where all are finite numbers; Python's json reads NaN and Infinity."""
    if not _NUMBER_TYPES.issuperset(map(type, values)):
        stranger = next(value for value in values if type(value) not in _NUMBER_TYPES)
        raise BadEntry(f"{name} hold {stranger!r:.40}, which is not a number", _EXPORT_AGAIN)
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        numbers = np.array([np.inf])
    if not np.isfinite(numbers).all():
        raise BadEntry(f"{name} hold NaN or infinity", _EXPORT_AGAIN)
    return numbers


def _check_frame(parts: tuple[FloatArray, ...], height: int, width: int) -> None:
    """Refuse polygons that miss the frame or run far beyond it; what hangs over the edge is clipped when painting."""
    if all(part.min() >= 0 and part.max() <= min(height, width) for part in parts):
        return  # nearly all; spares the slower look at x and y
    points = np.concatenate(parts).reshape(-1, 2)
    low_x, low_y = points.min(axis=0)
    high_x, high_y = points.max(axis=0)
    frame = f"the frame of {height} x {width} (height x width)"
    remedy = "check the image's size and image_id in the JSON, or " + _REDRAW
    edge = _OUTSIDE_TOLERANCE
    if low_x > width + edge or low_y > height + edge or high_x < -edge or high_y < -edge:
        raise BadEntry(f"polygon lies wholly outside {frame}", remedy)
    # The limit also keeps pycocotools from overflowing: it walks along every edge in fifths of a pixel.
    reach = max(height, width)
    if min(low_x, low_y) < -reach or high_x > width + reach or high_y > height + reach:
        span = f"x {low_x:g} to {high_x:g}, y {low_y:g} to {high_y:g}"
        raise BadEntry(f"polygon reaches far outside {frame}: {span}", remedy)


def _read_runs(value: dict[str, Any], height: int, width: int) -> Segment:
    """Check run lengths, as a list or compressed."""
    size, counts = value.get("size"), value.get("counts")
    if size != [height, width]:
        raise BadEntry(
            f"RLE has size {size!r:.40}, the image is [{height}, {width}] (height, width)",
            "make both agree or remove the annotation",
        )
    runs = _read_counts(counts)
    if runs.size and runs.min() < 0:
        raise BadEntry("RLE has a negative run length", _EXPORT_AGAIN)
    with np.errstate(over="ignore"):
        total = runs.sum()
    if total != height * width:
        raise BadEntry(f"RLE's runs sum to {total:.0f}, the image has {height * width} pixels", _EXPORT_AGAIN)
    return Segment((runs,), is_rle=True, num_points=runs.size)


def _read_counts(counts: Any) -> FloatArray:
    """Return the run lengths of either form; whole numbers, not yet checked for their sign and sum."""
    if isinstance(counts, list):
        runs = _read_numbers(counts, "RLE counts")
        if (runs != np.floor(runs)).any():
            raise BadEntry("RLE has a run length that is not a whole number", _EXPORT_AGAIN)
        return runs
    if not isinstance(counts, str):
        found = "are missing" if counts is None else f"are a {type(counts).__name__}"
        raise BadEntry(f"RLE counts {found}", "give a list of run lengths or COCO's compressed text")
    try:
        return decode_counts(counts).astype(np.float64)
    except ValueError as error:
        # UnicodeEncodeError, too, is a ValueError.
        raise BadEntry(f"RLE counts cannot be decoded ({error})", _EXPORT_AGAIN) from error


def _shoelace(part: FloatArray) -> float:
    """Return the area that one polygon encloses."""
    x, y = part[0::2], part[1::2]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
