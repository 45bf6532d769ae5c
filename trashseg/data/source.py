"""Which files make up a data set, and what their categories mean."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.clean import AS_PAINTED, Cleaning
from trashseg.data.folds.plan import Fold, open_fold
from trashseg.data.folds.runs import HOLDOUT_BLOCK, holdout_members
from trashseg.data.index import CocoIndex, open_index
from trashseg.data.listing import check_known, leave_out, read_rows
from trashseg.data.photographs import Photographs, check_photographs
from trashseg.data.prepared import PreparedSplit, default_cache_dir, find_problems, prepare
from trashseg.data.problems import Problem, raise_problems
from trashseg.data.pseudo import UNSURE, merged_file, pseudo_file, read_weights
from trashseg.data.raster import UNPAINTED
from trashseg.data.regions import NOTHING, Regions, find_regions
from trashseg.types import BACKGROUND, IGNORE_INDEX, ClassTable, ConfigError, DataError, Split, did_you_mean

__all__ = ["DROP", "HOLDOUT_BLOCK", "IGNORE", "Source", "holdout_members"]

log = logging.getLogger(__name__)

DROP = "drop"
IGNORE = "ignore"


@dataclass(frozen=True)
class Source:
    """A data set on disk.

    Args:
        root: folder of the JSON files and the photographs.
        train: JSON of the training part, relative to ``root``.
        val: JSON of the validation part; None: a holdout share of ``train``.
        test: JSON of the photographs without labels; None: there is none.
        classes: ``{name: {id, ko, color}}``; None: the categories of ``train`` behind a background class.
        category_map: category name -> class name, ``ignore`` or ``drop``, for categories not named like a class.
        order: which object lies on top where several overlap.
        max_side: larger photographs are shrunk once, into the cache; None: never.
        seam_repair: close narrow strips of background between objects, see :class:`Cleaning`; in training only.
        mode_filter: 3 or 5: smooth the masks' borders, see :class:`Cleaning`; in training only.
        holdout: share of ``train`` that validates where ``val`` is None.
        fold: which of ``folds`` validates; the others train, in the place of ``train`` and ``val``.
        folds: run folder of ``trashseg split``; None: ``train`` and ``val`` count.
        allow_leak: train although photographs of the two parts belong together.
        exclude: photographs that do not train: names, or a file that lists them, see :mod:`trashseg.data.listing`.
        ignore_regions: file of what is ignored in training, objects or boxes, see there; None: nothing.
        pseudo: COCO file of pseudo labels that train too, or the folder of ``trashseg pseudo``; None: none.
        pseudo_ratio: how often an epoch visits a photograph with pseudo labels of weight 1.
        on_bad: ``error`` or ``skip``.
        cache_dir: None: the user's cache.

    Raises:
        ConfigError: one of ``fold`` and ``folds`` is given without the other.
    """

    root: str | None
    train: str = "train.json"
    val: str | None = "val.json"
    test: str | None = "test.json"
    classes: Mapping[str, Mapping[str, Any]] | None = None
    category_map: Mapping[str, str] = field(default_factory=dict)
    order: str = "area_desc"
    max_side: int | None = None
    seam_repair: bool = False
    mode_filter: int | None = None
    holdout: float = 0.2
    fold: int | None = None
    folds: str | None = None
    allow_leak: bool = False
    exclude: str | Sequence[str] | None = None
    ignore_regions: str | None = None
    pseudo: str | None = None
    pseudo_ratio: float = 1.0
    on_bad: str = "error"
    cache_dir: str | None = None

    def __post_init__(self) -> None:
        if self.fold is not None and self.folds is None:
            raise ConfigError(f"data.fold={self.fold} needs data.folds=FOLDER, which `trashseg split` printed.")
        if self.fold is None and self.folds is not None:
            raise ConfigError(f"data.folds={self.folds} needs the number of the fold that validates: data.fold=0.")
        if self.pseudo is not None and self.val is None and self.folds is None:
            raise ConfigError("data.pseudo needs a validation part of its own; give data.val=FILE.json or data.folds.")

    @property
    def can_leak(self) -> bool:
        """Say whether photographs of different parts may show one scene."""
        return True

    def ensure(self) -> None:
        """Make what is made on first use; files are there."""

    @property
    def cache(self) -> Path:
        """The folder of the caches."""
        return Path(self.cache_dir).expanduser() if self.cache_dir else default_cache_dir()

    @property
    def folder(self) -> Path:
        """The folder of the JSON files and the photographs."""
        return Path(str(self.root)).expanduser()

    def file_name(self, split: Split) -> str | None:
        """Return the JSON that holds ``split``, relative to the root; None where the data set has no such part."""
        if self._is_folded(split):
            return str(self._fold.json_path)
        return {Split.TRAIN: self.train, Split.VAL: self.val or self.train, Split.TEST: self.test}[split]

    @property
    def parts(self) -> list[Split]:
        """The parts that the data set has, those with labels first."""
        return [split for split in Split if self.file_name(split) is not None]

    def json_path(self, split: Split) -> Path:
        """Return the JSON that holds ``split``.

        Raises:
            DataError: the data set has no such part, or ``root`` is no folder.
        """
        if not self.folder.is_dir():
            raise DataError(f"data.root={self.folder} is not a folder; give the folder that holds {self.train}.")
        name = self.file_name(split)
        if name is None:
            raise DataError(f"this data set has no {split} part; set data.{split}=FILE.json.")
        return self.folder / name

    def _is_folded(self, split: Split) -> bool:
        """Say whether ``split`` is chosen by ``folds``; the photographs without labels never are."""
        return self.folds is not None and split != Split.TEST

    @functools.cached_property
    def _fold(self) -> Fold:
        """The fold that validates."""
        assert self.fold is not None
        return open_fold(Path(str(self.folds)).expanduser().absolute(), self.fold, self.folder)

    def index(self, split: Split) -> CocoIndex:
        """Open the JSON that holds ``split``."""
        return open_index(self.json_path(split), self.cache)

    @functools.cached_property
    def table(self) -> ClassTable:
        """The classes: the configured table, or the categories of the training part."""
        if self.classes:
            return ClassTable.from_mapping(self.classes)
        names = [name for _, name in sorted(self.index(Split.TRAIN).categories.items())]
        if not names:
            raise DataError(f"{self.json_path(Split.TRAIN)} lists no categories; give a table in data.classes.")
        return ClassTable.from_mapping(_numbered([name for name in names if name.lower() != "background"]))

    def class_of(self, index: CocoIndex) -> dict[int, int]:
        """Return category id -> class id, ``IGNORE_INDEX`` or ``UNPAINTED`` for the categories that have a meaning.

        Raises:
            ConfigError: ``category_map`` names a class that does not exist.
        """
        names = self.table.names
        ids = {name: number for number, name in enumerate(names)}
        result = {}
        for category, name in index.categories.items():
            target = self.category_map.get(name, IGNORE if name == UNSURE else name)
            if target == IGNORE:
                result[category] = IGNORE_INDEX
            elif target == DROP:
                result[category] = UNPAINTED
            elif target in ids:
                result[category] = ids[target]
            elif name in self.category_map:
                raise ConfigError(f"data.category_map: {name}: {target} names no class. {did_you_mean(target, names)}")
        return result

    def prepare(self, split: Split) -> PreparedSplit:
        """Validate ``split``, paint its masks or open the cached ones."""
        # Scores are those of the labels as they are.
        cleaning, ignored = AS_PAINTED, NOTHING
        if split == Split.TRAIN:
            cleaning, ignored = Cleaning(self.seam_repair, self.mode_filter), self._ignored
        return prepare(*self._content(split), cleaning=cleaning, ignored=ignored, **self._options)

    def photographs(self, split: Split) -> Photographs:
        """Check the photographs of ``split``, without painting masks; the good ones are those of :meth:`prepare`.

        Raises:
            DataError: something is wrong with the data, and ``on_bad`` is ``error``.
        """
        problems = self.problems(split)
        if self.on_bad == "error":
            raise_problems(problems)
        return check_photographs(self._content(split)[0], self.folder, self.max_side, self.cache)

    def problems(self, split: Split) -> list[Problem]:
        """Return everything wrong with ``split``."""
        return find_problems(*self._content(split), **self._options)

    def _content(self, split: Split) -> tuple[CocoIndex, Path, dict[int, int], int]:
        """Return what :func:`prepare` reads: file, folder, class of each category, number of classes."""
        index = self._training_index if split == Split.TRAIN else self.index(split)
        return index, self.folder, self.class_of(index), len(self.table)

    @property
    def pseudo_path(self) -> Path | None:
        """The COCO file of the pseudo labels for the fold that validates."""
        return None if self.pseudo is None else pseudo_file(Path(self.pseudo).expanduser().absolute(), self.fold)

    @functools.cached_property
    def pseudo_weights(self) -> dict[str, float]:
        """The weight, 0..1, of each photograph with pseudo labels, by its name."""
        return {} if self.pseudo_path is None else read_weights(self.pseudo_path)

    @functools.cached_property
    def _training_index(self) -> CocoIndex:
        """What trains: the annotated photographs, and those with pseudo labels."""
        if self.pseudo_path is None:
            return self.index(Split.TRAIN)
        return open_index(merged_file(self.json_path(Split.TRAIN), self.pseudo_path, self.cache), self.cache)

    @property
    def _options(self) -> dict[str, Any]:
        """The keywords of :func:`prepare`."""
        return {"order": self.order, "max_side": self.max_side, "on_bad": self.on_bad, "cache_dir": self.cache}

    @property
    def _ignored(self) -> Regions:
        """What is ignored in the training masks."""
        if self.ignore_regions is None:
            return NOTHING
        rows = read_rows(self.ignore_regions, "data.ignore_regions")
        check_known([row.name for row in rows], self._labelled_names, "data.ignore_regions")
        return find_regions(rows, self._training_index)

    @property
    def _labelled_names(self) -> list[str]:
        """The photographs that train or validate."""
        return [name for split in (Split.TRAIN, Split.VAL) for name in self.index(split).file_names]

    def members(self, split: Split, names: list[str]) -> npt.NDArray[np.int64]:
        """Return the positions of ``names`` (the photographs of ``split``'s JSON) that belong to ``split``.

        Raises:
            DataError: ``exclude`` names a photograph that does not exist, or leaves none to train on.
        """
        positions = self._part_members(split, names)
        if split != Split.TRAIN or self.exclude is None:
            return positions
        return leave_out(self.exclude, positions, names, self._labelled_names)

    def _part_members(self, split: Split, names: list[str]) -> npt.NDArray[np.int64]:
        """Return the positions of ``names`` that belong to ``split`` by the files, folds or holdout."""
        if self._is_folded(split):
            return self._fold.members(split, names)
        if self.val is not None or split == Split.TEST:
            return np.arange(len(names))
        held_out = holdout_members(names, self.holdout)
        return np.flatnonzero(held_out if split == Split.VAL else ~held_out)


def _numbered(names: list[str]) -> dict[str, dict[str, Any]]:
    """Return a class table for ``names`` behind the background, with well-spaced colours."""
    import colorsys

    table: dict[str, dict[str, Any]] = {BACKGROUND: {"id": 0, "ko": BACKGROUND, "color": [0, 0, 0]}}
    for number, name in enumerate(names, start=1):
        # Steps of the golden ratio keep neighbouring hues apart for any number of classes.
        color = colorsys.hsv_to_rgb(number * 0.618034 % 1.0, 0.65, 0.85)
        table[name] = {"id": number, "ko": name, "color": [round(255 * value) for value in color]}
    return table
