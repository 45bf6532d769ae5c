"""All photographs of a data set in one row, whichever part they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.data.prepared import PreparedSplit
from trashseg.data.source import Source
from trashseg.types import ClassTable, Split

REFERENCE_SIDE = 512
"""Lengths are stated as on a photograph of 512 x 512 pixels, whatever its size, so that limits mean the same."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part: ``indices`` (n,) are its photographs in ``prepared``, ``class_of`` maps category ids to classes."""

    split: Split
    prepared: PreparedSplit
    indices: npt.NDArray[np.int64]
    class_of: Mapping[int, int]

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """The photographs' positions in the COCO file, (n,)."""
        return self.prepared.positions[self.indices]


class Album:
    """The N photographs of all parts, one part after the other.

    Attributes:
        parts: The parts, those with labels first.
        table: The classes.
        names: N file names as the COCO files spell them.
        part_of: (N,) int64, each photograph's place among ``parts``.
        labelled: (N,) bool.
        sizes: (N, 2) int64, (height, width) as the COCO files give them, pixels.
        class_pixels: (N, K) int64, pixels of each class in the mask; zeros without labels.
    """

    def __init__(self, parts: Sequence[Part], table: ClassTable) -> None:
        self.parts, self.table = tuple(parts), table
        counts = [len(part.indices) for part in parts]
        self.names = [part.prepared.names[i] for part in parts for i in part.indices.tolist()]
        self.part_of = np.repeat(np.arange(len(parts)), counts)
        self.starts = np.cumsum([0, *counts])
        self.labelled = np.repeat([part.prepared.has_masks for part in parts], counts)
        self.class_pixels = np.concatenate([part.prepared.class_pixels[part.indices] for part in parts])
        indexes = [(part.prepared.index, part.positions) for part in parts]
        self.sizes = np.concatenate([np.stack([i.heights[p], i.widths[p]], 1) for i, p in indexes]).astype(np.int64)

    def __len__(self) -> int:
        """Return the number of photographs N."""
        return len(self.names)

    @property
    def scales(self) -> npt.NDArray[np.float64]:
        """Pixels of each photograph for one on a photograph of 512 x 512, (N,)."""
        scales: npt.NDArray[np.float64] = np.sqrt(self.sizes.prod(1)) / REFERENCE_SIDE
        return scales

    def size(self, i: int) -> tuple[int, int]:
        """Return (height, width) of photograph ``i`` as its COCO file gives them, pixels."""
        height, width = self.sizes[i].tolist()
        return height, width

    def part(self, i: int) -> Part:
        """Return the part of photograph ``i``."""
        return self.parts[int(self.part_of[i])]

    def position(self, i: int) -> int:
        """Return the position of photograph ``i`` in its COCO file."""
        return int(self.part(i).positions[self._place(i)])

    def image_path(self, i: int) -> Path:
        """Return the file of photograph ``i``; where it was larger than ``max_side``, its shrunken copy."""
        return self.part(i).prepared.image_path(self._row(i))

    def file_size(self, i: int) -> tuple[int, int]:
        """Return (height, width) of the picture in :meth:`image_path`, pixels."""
        return self.part(i).prepared.size(self._row(i))

    def mask(self, i: int) -> npt.NDArray[np.uint8]:
        """Return the mask of photograph ``i``, (H, W), uint8: class ids or ``IGNORE_INDEX``."""
        return self.part(i).prepared.mask(self._row(i))

    def _place(self, i: int) -> int:
        return i - int(self.starts[self.part_of[i]])

    def _row(self, i: int) -> int:
        return int(self.part(i).indices[self._place(i)])


def list_photographs(source: Source) -> list[Path]:
    """Check the photographs of every part; return their files in the album's order, before masks are painted.

    Raises:
        DataError: something is wrong with the data.
    """
    paths = []
    for split in source.parts:
        photographs = source.photographs(split)
        index, good = photographs.index, photographs.good
        own = source.members(split, [index.file_names[i] for i in good.tolist()])
        paths += [photographs.path(i) for i in good[own].tolist()]
    return paths


def open_album(source: Source) -> Album:
    """Open every part of a data set; what is not in the cache yet is checked and painted.

    Raises:
        DataError: something is wrong with the data.
    """
    parts = []
    for split in source.parts:
        prepared = source.prepare(split)
        indices = source.members(split, prepared.names)
        parts.append(Part(split, prepared, indices, source.class_of(prepared.index)))
    return Album(parts, source.table)
