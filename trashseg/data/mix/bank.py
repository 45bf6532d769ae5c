"""Objects cut out of the training photographs once, in one flat file that is mapped into memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import key_of, load_columns, open_or_build
from trashseg.data.mix.cutting import Cutout, cutouts
from trashseg.data.training import TrainingPart

_FORMAT = 1
"""Raise it when the same input gives other objects or another layout."""

_META, _COLUMNS, _PIXELS = "meta.json", "columns.npz", "objects.rgba"
_log = logging.getLogger(__name__)


class ObjectBank:
    """M objects. Pickles without their pixels: the file is mapped anew where it is first used.

    Args:
        path: the pixels of all objects, end to end, each (h, w, 4) uint8: RGB, and 255 where the object is, else 0.
        sizes: (M, 2), heights and widths.
        labels: (M,), class ids.
        areas: (M,), pixels of the object.
        sides: (M,), the longer side of the photograph it was cut from, in pixels.
    """

    def __init__(
        self,
        path: Path,
        sizes: npt.NDArray[np.int64],
        labels: npt.NDArray[np.int64],
        areas: npt.NDArray[np.int64],
        sides: npt.NDArray[np.int64],
    ) -> None:
        self.path, self.sizes, self.labels, self.areas, self.sides = path, sizes, labels, areas, sides
        self._starts = np.concatenate(([0], np.cumsum(4 * sizes[:, 0] * sizes[:, 1]))).tolist()
        self._shapes = [(height, width, 4) for height, width in sizes.tolist()]
        self._pixels: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Return the number of objects M."""
        return len(self.labels)

    def __getitem__(self, i: int) -> npt.NDArray[np.uint8]:
        """Return object ``i``, (h, w, 4), uint8, a read-only view of the file."""
        if self._pixels is None:
            self._pixels = np.memmap(self.path, np.uint8, mode="r").view(np.ndarray)
        return self._pixels[self._starts[i] : self._starts[i + 1]].reshape(self._shapes[i])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pixels": None}


@dataclass(frozen=True)
class BankRecipe:
    """All that decides a bank, beside the photographs and their masks: the classes and the least area in pixels."""

    labels: tuple[int, ...]
    min_area: int

    def key(self, part: TrainingPart) -> str:
        """Return the name of the folder that holds this bank of ``part``.

        The masks count by the classes' pixels in each, which any change of the paint order or the classes changes; the
        photographs by the size and time of their files.
        """
        split = part.split
        positions = split.positions[part.indices].tolist()
        files = [split.image_path(i).stat() for i in part.indices.tolist()]
        stamps = [(file.st_size, file.st_mtime_ns) for file in files]
        sizes = [split.size(i) for i in part.indices.tolist()]
        masks = split.class_pixels[part.indices].tolist()
        classes = sorted(part.class_of.items())
        return key_of(
            _FORMAT, split.index.digest, positions, stamps, sizes, masks, classes, sorted(self.labels), self.min_area
        )  # fmt: skip


def open_bank(part: TrainingPart, recipe: BankRecipe) -> ObjectBank:
    """Open the objects of ``part``; they are cut out first where the cache does not hold them.

    Several processes may do so at once.

    Raises:
        DataError: the cache cannot be written or its disk is too small, or a photograph cannot be read.
    """
    key = recipe.key(part)

    def build(folder: Path) -> None:
        _log.info("cutting objects of %d photographs once", len(part.indices))
        write_bank(folder, key, cutouts(part, recipe.labels, recipe.min_area))

    return open_or_build(part.cache_dir / "objects" / key, load=lambda folder: _load(folder, key), build=build)


def write_bank(folder: Path, key: str, objects: Iterable[Cutout]) -> None:
    """Write ``objects`` into ``folder`` under the name ``key``."""
    sizes, labels, areas, sides = [], [], [], []
    with (folder / _PIXELS).open("wb") as stream:
        for cut in objects:
            stream.write(np.ascontiguousarray(cut.pixels).data)
            sizes.append(cut.pixels.shape[:2])
            labels.append(cut.label)
            areas.append(int(np.count_nonzero(cut.pixels[..., 3])))
            sides.append(cut.side)
    columns = {"labels": labels, "areas": areas, "sides": sides}
    arrays = {name: np.array(values, np.int64) for name, values in columns.items()}
    np.savez(folder / _COLUMNS, allow_pickle=False, sizes=np.array(sizes, np.int64).reshape(-1, 2), **arrays)
    (folder / _META).write_text(json.dumps({"key": key}), encoding="utf-8")


def _load(folder: Path, key: str) -> ObjectBank:
    """Open ``folder``; any error means that it must be built anew."""
    meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    columns = load_columns(folder / _COLUMNS, ("sizes", "labels", "areas", "sides"))
    bank = ObjectBank(folder / _PIXELS, **columns)
    num_bytes = int(4 * (bank.sizes[:, 0] * bank.sizes[:, 1]).sum())
    if meta["key"] != key or (folder / _PIXELS).stat().st_size != num_bytes:
        raise ValueError("the cached objects do not fit together")
    return bank
