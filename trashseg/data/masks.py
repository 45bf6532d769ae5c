"""Masks painted once and kept in one flat file that is mapped into memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import key_of, load_columns, open_or_build, require_space
from trashseg.data.clean import AS_PAINTED, Cleaning
from trashseg.data.index import CocoIndex
from trashseg.data.raster import rasterise
from trashseg.data.regions import NOTHING, Regions

_FORMAT = 1
"""Raise it when the same input gives other masks or another layout."""

_META, _COLUMNS, _PIXELS = "meta.json", "columns.npz", "masks.u8"


def small_size(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """Return (height, width) shrunk, shape kept, until the longer side is at most ``max_side`` pixels."""
    longest = max(size)
    if max_side is None or longest <= max_side:
        return size
    height, width = (max(1, round(side * max_side / longest)) for side in size)
    return height, width


def shrink_mask(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return ``mask`` at ``size`` (height, width), each pixel the one at its centre in the original."""
    if mask.shape == size:
        return mask
    rows, columns = (
        ((2 * np.arange(new, dtype=np.int64) + 1) * old) // (2 * new) for new, old in zip(size, mask.shape, strict=True)
    )
    return np.ascontiguousarray(mask[rows[:, None], columns])


def count_classes(mask: npt.NDArray[np.uint8], num_classes: int) -> npt.NDArray[np.int64]:
    """Return how many pixels of ``mask`` have each of the K first values, (K,), int64.

    Comparing goes by many pixels at once; a histogram, OpenCV's too, waits for itself where neighbours are equal.
    """
    return np.array([np.count_nonzero(mask == k) for k in range(num_classes)], np.int64)


@dataclass(frozen=True)
class MaskRecipe:
    """All that decides a set of masks, beside the COCO file.

    ``positions`` (N,) are the images of the index that have masks, in the order of the masks; ``class_of`` maps
    category ids to class ids, ``IGNORE_INDEX`` or ``UNPAINTED``; ``ignored`` is covered at the size in the file,
    ``cleaning`` comes last, at the masks' final size.
    """

    positions: npt.NDArray[np.int64]
    class_of: Mapping[int, int]
    num_classes: int
    order: str
    max_side: int | None
    cleaning: Cleaning = AS_PAINTED
    ignored: Regions = NOTHING

    def key(self, digest: str) -> str:
        """Return the name of the folder that holds these masks of the file with ``digest``."""
        mapping = sorted(self.class_of.items())
        cleaning = [self.cleaning.seam_repair, self.cleaning.mode_filter] if self.cleaning else []
        ignored = [[self.ignored.objects, self.ignored.boxes]] if self.ignored else []
        return key_of(
            _FORMAT, digest, mapping, self.num_classes, self.order, self.max_side, self.positions.tolist(), *cleaning,
            *ignored,
        )  # fmt: skip


class MaskStore:
    """N masks in a folder of the cache. Pickles without the masks: the file is mapped anew where it is first used.

    ``sizes`` (N, 2) are heights and widths, ``class_pixels`` (N, K) int64 counts the pixels of every class without
    ignored ones.
    """

    def __init__(self, folder: Path, sizes: npt.NDArray[np.int64], class_pixels: npt.NDArray[np.int64]) -> None:
        self.folder = folder
        self.sizes = sizes
        self.class_pixels = class_pixels
        self._starts = np.concatenate(([0], np.cumsum(sizes[:, 0] * sizes[:, 1]))).tolist()
        self._shapes = [(height, width) for height, width in sizes.tolist()]
        self._pixels: npt.NDArray[np.uint8] | None = None

    def __getitem__(self, i: int) -> npt.NDArray[np.uint8]:
        """Return a fresh, writable copy of mask ``i``, (H, W), uint8."""
        if self._pixels is None:
            # A plain view: slicing a memmap object costs more than the copy.
            self._pixels = np.memmap(self.folder / _PIXELS, np.uint8, mode="r").view(np.ndarray)
        return self._pixels[self._starts[i] : self._starts[i + 1]].reshape(self._shapes[i]).copy()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pixels": None}


def open_masks(
    index: CocoIndex, recipe: MaskRecipe, cache_dir: Path, on_build: Callable[[], None] = lambda: None
) -> MaskStore:
    """Open the masks of ``index``; they are painted first where ``cache_dir`` does not hold them.

    Args:
        index: The COCO file.
        recipe: Which masks, and how.
        cache_dir: The cache.
        on_build: Called once before painting starts.

    Raises:
        DataError: the cache cannot be written or its disk is too small.
    """
    key = recipe.key(index.digest)

    def build(folder: Path) -> None:
        on_build()
        _build(folder, key, index, recipe)

    return open_or_build(cache_dir / "masks" / key, load=lambda folder: _load(folder, key, recipe), build=build)


def _build(folder: Path, key: str, index: CocoIndex, recipe: MaskRecipe) -> None:
    """Paint every mask into ``folder``."""
    places = recipe.positions.tolist()
    sizes = [small_size(index.size(i), recipe.max_side) for i in places]
    require_space(folder, sum(height * width for height, width in sizes))
    class_pixels = np.zeros((len(places), recipe.num_classes), np.int64)
    with (folder / _PIXELS).open("wb") as stream:
        for row, (i, size) in enumerate(zip(places, sizes, strict=True)):
            painted = rasterise(index, i, recipe.class_of, recipe.order)
            mask = recipe.cleaning(shrink_mask(recipe.ignored.cover(painted, index, i, recipe.class_of), size))
            stream.write(mask.data)
            class_pixels[row] = count_classes(mask, recipe.num_classes)
    np.savez(folder / _COLUMNS, allow_pickle=False, sizes=_pairs(sizes), class_pixels=class_pixels)
    (folder / _META).write_text(json.dumps({"key": key}), encoding="utf-8")


def _load(folder: Path, key: str, recipe: MaskRecipe) -> MaskStore:
    """Open ``folder``; any error means that it must be built anew."""
    meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    sizes, class_pixels = load_columns(folder / _COLUMNS, ("sizes", "class_pixels")).values()
    count = len(recipe.positions)
    fits = sizes.shape == (count, 2) and class_pixels.shape == (count, recipe.num_classes)
    num_bytes = int((sizes[:, 0] * sizes[:, 1]).sum())
    if meta["key"] != key or not fits or (folder / _PIXELS).stat().st_size != num_bytes:
        raise ValueError("the cached masks do not fit together")
    return MaskStore(folder, sizes, class_pixels)


def _pairs(sizes: Sequence[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Return (height, width) pairs as an array (N, 2), also for none."""
    return np.array(sizes, np.int64).reshape(-1, 2)
