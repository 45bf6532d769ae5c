"""A split made ready: photographs checked, masks painted, both remembered in the cache."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import default_cache_dir
from trashseg.data.clean import AS_PAINTED, Cleaning
from trashseg.data.index import CocoIndex
from trashseg.data.masks import MaskRecipe, MaskStore, open_masks
from trashseg.data.photographs import Photographs, check_photographs
from trashseg.data.problems import Problem, raise_problems
from trashseg.data.raster import UNPAINTED, check_order
from trashseg.data.regions import NOTHING, Regions
from trashseg.types import IGNORE_INDEX, ConfigError, DataError, did_you_mean

__all__ = ["ON_BAD", "PreparedSplit", "default_cache_dir", "find_problems", "prepare"]

ON_BAD = ("error", "skip")
"""What to do with faulty entries: stop, or leave them out."""

_log = logging.getLogger(__name__)


class PreparedSplit:
    """N photographs of a COCO file, all of them known to be good, with their masks where the file has labels.

    Pickles cheaply: index and masks are mapped anew in the process that receives it.

    Attributes:
        index: The COCO file; it may list more images than there are photographs here.
        positions: (N,) int64, each photograph's position in ``index``.
        names: Each photograph's ``file_name``, as the file spells it.
        has_masks: Whether the file has labels.
        class_pixels: (N, K) int64, pixels of each class in each mask, without ignored ones; zeros without labels.
        problems: What was wrong with the entries left out; empty unless ``on_bad`` is "skip".
    """

    def __init__(
        self,
        photographs: Photographs,
        positions: npt.NDArray[np.int64],
        num_classes: int,
        masks: MaskStore | None,
        problems: tuple[Problem, ...],
    ) -> None:
        self.index = photographs.index
        self.positions = positions
        self.names = [self.index.file_names[i] for i in positions.tolist()]
        self.has_masks = masks is not None
        blank = np.zeros((len(positions), num_classes), np.int64)
        self.class_pixels = blank if masks is None else masks.class_pixels
        self.problems = problems
        self._photographs = photographs
        self._masks = masks

    def __len__(self) -> int:
        """Return the number of photographs N."""
        return len(self.names)

    def image_path(self, i: int) -> Path:
        """Return the file to read for photograph ``i``; where it was larger than ``max_side``, its shrunken copy."""
        return self._photographs.path(int(self.positions[i]))

    def size(self, i: int) -> tuple[int, int]:
        """Return (height, width) of the picture in :meth:`image_path` and of the mask, pixels."""
        return self._photographs.size(int(self.positions[i]))

    def mask(self, i: int) -> npt.NDArray[np.uint8]:
        """Return a fresh, writable mask (H, W), uint8: class ids or ``IGNORE_INDEX``.

        Raises:
            DataError: the file has no labels.
        """
        if self._masks is None:
            raise DataError(f"{self.index.path} has no annotations, hence no masks; name a file that has labels.")
        return self._masks[i]


def prepare(
    index: CocoIndex,
    root: str | Path,
    class_of: Mapping[int, int],
    num_classes: int,
    *,
    order: str = "area_desc",
    max_side: int | None = None,
    on_bad: str = "error",
    cleaning: Cleaning = AS_PAINTED,
    ignored: Regions = NOTHING,
    cache_dir: str | Path,
) -> PreparedSplit:
    """Check every photograph and paint every mask, or open what an earlier call left in the cache.

    Args:
        index: The COCO file.
        root: The folder that its file names start from.
        class_of: From category id to class id, 0 to ``num_classes`` - 1; or to ``IGNORE_INDEX``; or to ``UNPAINTED``,
            which leaves the category's objects out on purpose. A category without an entry is a fault.
        num_classes: K, the background included.
        order: The paint order, see :data:`trashseg.data.raster.PAINT_ORDERS`.
        max_side: Photographs with a longer side, in pixels, are shrunk to it, masks likewise; None leaves all as they
            are.
        on_bad: "error" raises one error for all faults, "skip" leaves faulty entries out and logs how many.
        cleaning: What is done to the painted masks.
        ignored: What becomes ``IGNORE_INDEX`` in them.
        cache_dir: The cache, see :func:`default_cache_dir`.

    Raises:
        ConfigError: an option has no such value.
        DataError: something is wrong with the data, or nothing is left of it.
    """
    _check_options(class_of, num_classes, order, max_side, on_bad)
    photographs, problems = _looked_through(index, root, class_of, max_side, cache_dir)
    positions = photographs.good
    if on_bad == "error" or not len(positions):
        raise_problems(problems)
    painted = {int(category): class_of.get(int(category), UNPAINTED) for category in np.unique(index.ann_category)}
    if problems:
        _log.warning("%s", _left_out(index, positions, class_of, len(problems)))
    masks = None
    if index.has_labels:
        recipe = MaskRecipe(positions, painted, num_classes, order, max_side, cleaning, ignored)
        masks = open_masks(index, recipe, Path(cache_dir), lambda: _log.info("painting %d masks once", len(positions)))
    return PreparedSplit(photographs, positions, num_classes, masks, problems)


def find_problems(
    index: CocoIndex,
    root: str | Path,
    class_of: Mapping[int, int],
    num_classes: int,
    *,
    order: str = "area_desc",
    max_side: int | None = None,
    on_bad: str = "error",
    cache_dir: str | Path,
) -> list[Problem]:
    """Return everything that is wrong with the data, without painting masks; the arguments are :func:`prepare`'s.

    Raises:
        ConfigError: an option has no such value.
        DataError: ``root`` is no folder, or the cache cannot be written.
    """
    _check_options(class_of, num_classes, order, max_side, on_bad)
    return list(_looked_through(index, root, class_of, max_side, cache_dir)[1])


def _looked_through(
    index: CocoIndex, root: str | Path, class_of: Mapping[int, int], max_side: int | None, cache_dir: str | Path
) -> tuple[Photographs, tuple[Problem, ...]]:
    """Return the photographs, checked, and everything wrong with them and with the file."""
    photographs = check_photographs(index, Path(root), max_side, Path(cache_dir))
    return photographs, (*index.problems, *photographs.problems, *_category_problems(index, class_of))


def _check_options(
    class_of: Mapping[int, int], num_classes: int, order: str, max_side: int | None, on_bad: str
) -> None:
    """Check the values that come from the config."""
    check_order(order)
    if on_bad not in ON_BAD:
        raise ConfigError(f"data.on_bad is {on_bad!r}. {did_you_mean(on_bad, ON_BAD)}")
    if max_side is not None and max_side < 1:
        raise ConfigError(f"data.max_side is {max_side}; give a length in pixels, or null for none.")
    for category, value in class_of.items():
        if not 0 <= value < num_classes and value not in (IGNORE_INDEX, UNPAINTED):
            allowed = f"0 to {num_classes - 1}, {IGNORE_INDEX} (ignored) or {UNPAINTED} (left out)"
            raise ConfigError(f"category {category} is mapped to class {value}; allowed is {allowed}.")


def _category_problems(index: CocoIndex, class_of: Mapping[int, int]) -> Iterator[Problem]:
    """Yield one problem a category that annotations use and ``class_of`` does not know."""
    used, counts = np.unique(index.ann_category, return_counts=True)
    for category, count in zip(used.tolist(), counts.tolist(), strict=True):
        if category not in class_of:
            name = index.categories[category]
            what = f"{count} annotations are of this category, which is not in the class table"
            remedy = "map it to a class or to ignore in the data config"
            yield Problem(str(index.path), f"category {category} ({name})", what, remedy)


def _left_out(
    index: CocoIndex, positions: npt.NDArray[np.int64], class_of: Mapping[int, int], num_problems: int
) -> str:
    """Say how much of the file is not used because of faults."""
    kept = np.isin(index.ann_image, positions) & np.isin(index.ann_category, list(class_of))
    num_images, num_annotations = index.num_listed
    return (
        f"{index.path}: data.on_bad=skip leaves out {num_images - len(positions)} of {num_images} images and "
        f"{num_annotations - int(kept.sum())} of {num_annotations} annotations because of {num_problems} problems; "
        "`trashseg check data=...` lists them."
    )
