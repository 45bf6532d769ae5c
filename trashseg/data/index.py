"""A COCO file as numpy columns, parsed and validated once and opened from the cache afterwards."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import key_of, load_columns, open_or_build
from trashseg.data.coco import CocoContent, parse_coco
from trashseg.data.problems import Problem
from trashseg.data.segmentation import Segment
from trashseg.types import DataError

_FORMAT = 3
"""Raise it when the columns or the validation change: every older cache is left alone and built anew."""

_COLUMNS = (
    "image_ids", "heights", "widths", "ann_ids", "ann_image", "ann_category", "ann_area", "ann_crowd", "ann_points",
    "ann_rle", "ann_box", "ann_starts", "part_starts", "number_starts",
)  # fmt: skip
_META = ("digest", "file_names", "groups", "has_labels", "num_listed")


@dataclass(frozen=True, eq=False)
class CocoIndex:
    """The usable entries of a COCO file.

    N images keep the file's order. A annotations are grouped by image and keep the file's order within each. All
    segmentations lie end to end in ``numbers``: P parts, of which annotation j owns ``part_starts[j]`` to
    ``part_starts[j + 1]``, and part p the numbers from ``number_starts[p]`` to ``number_starts[p + 1]``.

    ``ann_points`` is how many numbers the first polygon has in the file (run lengths: how many runs). ``num_listed``
    counts the file's images and annotations with those left out; ``problems`` says why they were. Pickles as two paths.
    """

    path: Path
    folder: Path
    digest: str  # SHA-256 of the file's bytes, hexadecimal
    image_ids: npt.NDArray[np.int64]  # (N,)
    file_names: list[str]  # N
    groups: list[str]  # N; photographs that share one belong together; empty where the file names none
    heights: npt.NDArray[np.int32]  # (N,)
    widths: npt.NDArray[np.int32]  # (N,)
    ann_ids: npt.NDArray[np.int64]  # (A,)
    ann_image: npt.NDArray[np.int32]  # (A,) position among the images
    ann_category: npt.NDArray[np.int64]  # (A,) the file's category id
    ann_area: npt.NDArray[np.float64]  # (A,) square pixels
    ann_crowd: npt.NDArray[np.bool_]  # (A,)
    ann_points: npt.NDArray[np.int32]  # (A,)
    ann_rle: npt.NDArray[np.bool_]  # (A,) run lengths instead of polygons
    ann_box: npt.NDArray[np.float64]  # (A, 4) x, y, width, height as the file lists them; NaN where none is usable
    ann_starts: npt.NDArray[np.int64]  # (N + 1,)
    part_starts: npt.NDArray[np.int64]  # (A + 1,)
    number_starts: npt.NDArray[np.int64]  # (P + 1,)
    numbers: npt.NDArray[np.float64]  # memory-mapped, read-only
    categories: dict[int, str]
    problems: tuple[Problem, ...]
    has_labels: bool
    num_listed: tuple[int, int]

    def __len__(self) -> int:
        """Return the number of images N."""
        return len(self.file_names)

    def __reduce__(self) -> tuple[Callable[[Path, Path], CocoIndex], tuple[Path, Path]]:
        return _load, (self.folder, self.path)

    def size(self, i: int) -> tuple[int, int]:
        """Return (height, width) of image ``i`` as the file gives them, pixels."""
        return int(self.heights[i]), int(self.widths[i])

    def where(self, i: int) -> str:
        """Return the words for image ``i`` in a message."""
        return f"image {self.image_ids[i]} ({self.file_names[i]})"

    def annotations_of(self, i: int) -> range:
        """Return the positions of image ``i``'s annotations, in the file's order."""
        return range(int(self.ann_starts[i]), int(self.ann_starts[i + 1]))

    def segmentation(self, j: int) -> Segment:
        """Return annotation ``j``'s segmentation; its arrays are views of the mapped file."""
        first, last = int(self.part_starts[j]), int(self.part_starts[j + 1])
        cuts = self.number_starts[first : last + 1].tolist()
        parts = tuple(self.numbers[start:end] for start, end in pairwise(cuts))
        return Segment(parts, bool(self.ann_rle[j]), int(self.ann_points[j]))


def open_index(json_path: str | Path, cache_dir: str | Path) -> CocoIndex:
    """Open a COCO file; the first time it is parsed and validated, later its columns come from ``cache_dir``.

    The cache goes by the file's bytes, so a changed file is a new one, wherever it lies. Entries that cannot be used
    are left out and listed in ``problems``.

    Raises:
        DataError: the file is missing, not JSON, not COCO or lacks a key, or the cache cannot be written.
    """
    path = Path(json_path)
    raw = _read(path)
    digest = hashlib.sha256(raw).hexdigest()
    return open_or_build(
        Path(cache_dir) / "index" / key_of(_FORMAT, digest),
        load=lambda folder: _load(folder, path),
        build=lambda folder: _save(parse_coco(raw, str(path)), digest, folder),
    )


def _read(path: Path) -> bytes:
    """Return the file's bytes, or say what lies there instead."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        folder = path if path.is_dir() else path.parent
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}; {_json_files(folder, path.name)}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check its permissions.") from error


def _json_files(folder: Path, wanted: str) -> str:
    """Say which JSON files lie in ``folder``, the likeliest first."""
    if not folder.is_dir():
        return f"there is no folder {folder} either. Set data.root to the folder of the data set."
    names = sorted(path.name for path in folder.glob("*.json"))
    if not names:
        return f"no .json file lies in {folder}. Set data.root to the folder of the data set."
    near = difflib.get_close_matches(wanted, names, n=3)
    ordered = near + [name for name in names if name not in near]
    return f"in {folder} lie {', '.join(ordered[:12])}{', ...' if len(ordered) > 12 else ''}. Name one of them."


def _save(content: CocoContent, digest: str, folder: Path) -> None:
    """Write the columns into ``folder``."""
    position = {image.id: place for place, image in enumerate(content.images)}
    annotations = sorted(content.annotations, key=lambda annotation: position[annotation.image_id])
    parts = [part for annotation in annotations for part in annotation.segment.parts]
    owner = np.array([position[annotation.image_id] for annotation in annotations], np.int32)
    columns: dict[str, Any] = {
        "image_ids": np.array([image.id for image in content.images], np.int64),
        "heights": np.array([image.height for image in content.images], np.int32),
        "widths": np.array([image.width for image in content.images], np.int32),
        "ann_ids": np.array([annotation.id for annotation in annotations], np.int64),
        "ann_image": owner,
        "ann_category": np.array([annotation.category_id for annotation in annotations], np.int64),
        "ann_area": np.array([annotation.area for annotation in annotations], np.float64),
        "ann_crowd": np.array([annotation.crowd for annotation in annotations], np.bool_),
        "ann_points": np.array([annotation.segment.num_points for annotation in annotations], np.int32),
        "ann_rle": np.array([annotation.segment.is_rle for annotation in annotations], np.bool_),
        "ann_box": np.array([annotation.box for annotation in annotations], np.float64).reshape(-1, 4),
        "ann_starts": np.searchsorted(owner, np.arange(len(position) + 1)),
        "part_starts": _starts([len(annotation.segment.parts) for annotation in annotations]),
        "number_starts": _starts([part.size for part in parts]),
    }
    np.savez(folder / "columns.npz", allow_pickle=False, **columns)
    with (folder / "numbers.f64").open("wb") as stream:
        for part in parts:
            stream.write(part.data)
    (folder / "meta.json").write_text(json.dumps(_meta_of(content, digest)), encoding="utf-8")


def _meta_of(content: CocoContent, digest: str) -> dict[str, Any]:
    """Return what does not fit into columns."""
    return {
        "digest": digest,
        "file_names": [image.name for image in content.images],
        "groups": [image.group for image in content.images],
        "categories": list(content.categories.items()),
        "faults": content.faults,
        "has_labels": content.num_annotations > 0,
        "num_listed": [content.num_images, content.num_annotations],
    }


def _starts(lengths: list[int]) -> npt.NDArray[np.int64]:
    """Return where each piece begins, and the end of the last."""
    return np.array([0, *accumulate(lengths)], np.int64)


def _load(folder: Path, path: Path) -> CocoIndex:
    """Open the columns in ``folder``; any error means that they must be built anew."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    columns = load_columns(folder / "columns.npz", _COLUMNS)
    count = int(columns["number_starts"][-1])
    if (folder / "numbers.f64").stat().st_size != 8 * count or len(meta["file_names"]) != len(columns["heights"]):
        raise ValueError("the cached columns do not fit together")
    # An empty file cannot be mapped.
    numbers = np.memmap(folder / "numbers.f64", np.float64, mode="r", shape=(count,)) if count else np.empty(0)
    columns |= {name: meta[name] for name in _META}
    columns["num_listed"] = (int(meta["num_listed"][0]), int(meta["num_listed"][1]))
    columns["categories"] = {int(number): str(name) for number, name in meta["categories"]}
    columns["problems"] = tuple(Problem(str(path), *fault) for fault in meta["faults"])
    return CocoIndex(path=path, folder=folder, numbers=np.asarray(numbers), **columns)
