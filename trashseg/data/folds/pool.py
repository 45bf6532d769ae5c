"""Several COCO files as one: each photograph once, everything that the files say about it kept."""

from __future__ import annotations

import dataclasses
import logging
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trashseg.data.folds.goal import Ints
from trashseg.data.folds.head import Entry, Head, with_ids
from trashseg.data.index import CocoIndex
from trashseg.data.json_text import load_json
from trashseg.data.oversampling import Counts
from trashseg.data.photographs import Photographs
from trashseg.data.source import Source
from trashseg.types import ClassTable, ConfigError, Split

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Photograph:
    """One photograph: its entries as they stand in the file, and what it holds of each of K classes.

    ``objects`` and ``pixels`` (K,) int64 count annotations and their areas; pixels of the background are the rest.
    """

    path: Path
    image: Entry
    annotations: list[Entry]
    objects: Ints
    pixels: Ints

    @property
    def name(self) -> str:
        """The photograph's ``file_name``."""
        return str(self.image["file_name"])

    @property
    def labels(self) -> list[Entry]:
        """The annotations without the ids, which differ from file to file."""
        return [{k: v for k, v in entry.items() if k not in ("id", "image_id")} for entry in self.annotations]


@dataclass
class Pool:
    """The photographs of one or more COCO files.

    Args:
        table: the K classes.
        head: everything in the files but images and annotations.
        digests: file as it was named -> SHA-256 of its bytes, hexadecimal.
        photographs: the N photographs.
    """

    table: ClassTable
    head: Head = field(default_factory=Head)
    digests: dict[str, str] = field(default_factory=dict)
    photographs: list[Photograph] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The N file names."""
        return [photograph.name for photograph in self.photographs]

    @property
    def paths(self) -> list[Path]:
        """The N files."""
        return [photograph.path for photograph in self.photographs]

    @property
    def counts(self) -> Counts:
        """What the photographs hold; pixels are the areas of the annotations, whatever lies on top."""
        pixels, objects = (
            np.stack([getattr(photograph, kind) for photograph in self.photographs]) for kind in ("pixels", "objects")
        )
        return Counts(self.table.names, pixels, objects)


def read_pool(source: Source, files: Sequence[str]) -> Pool:
    """Read ``files`` of ``source``, relative to its root, as one data set; faulty entries go by its ``on_bad``.

    A photograph that several files list is taken once, from the first of them.

    Raises:
        ConfigError: no file is named.
        DataError: something is wrong with the data, or the files' categories contradict each other.
    """
    if not files:
        raise ConfigError("sources=[] names no file; give sources=[train.json,val.json], or leave it out.")
    sources = {file: dataclasses.replace(source, train=file, val=None, fold=None, folds=None) for file in files}
    pool = Pool(sources[files[0]].table)
    found: dict[str, Photograph] = {}
    for file, each in sources.items():
        index = each.index(Split.TRAIN)
        photographs = each.photographs(Split.TRAIN)
        pool.digests[file] = index.digest
        # Several files without classes of their own are counted by the first one's.
        class_of = sources[files[0]].class_of(index)
        _take(found, _entries(photographs, pool, class_of), file)
    pool.photographs = list(found.values())
    return pool


def _take(found: dict[str, Photograph], photographs: Iterator[Photograph], file: str) -> None:
    """Put the photographs that are not among ``found``, by their place, there; tell of other labels of the rest."""
    differing = []
    for photograph in photographs:
        known = found.setdefault(posixpath.normpath(photograph.name), photograph)
        if known is not photograph and known.labels != photograph.labels:
            differing.append(photograph.name)
    if differing:
        log.warning(
            "%d photographs have other labels in %s than in a file before it, which count: %s%s",
            len(differing), file, ", ".join(differing[:3]), ", ..." if len(differing) > 3 else "",
        )  # fmt: skip


def _entries(photographs: Photographs, pool: Pool, class_of: dict[int, int]) -> Iterator[Photograph]:
    """Yield the good ones of a file's ``photographs`` and add the head of the file to that of ``pool``."""
    index = photographs.index
    tree = load_json(index.path.read_bytes())
    new_licences = pool.head.add(tree, index.categories, str(index.path))
    images = {entry["id"]: entry for entry in with_ids(tree["images"], index.image_ids.tolist())}
    annotations: dict[int, list[Entry]] = defaultdict(list)
    for entry in with_ids(tree.get("annotations") or [], index.ann_ids.tolist()):
        annotations[entry["image_id"]].append(entry)
    objects, pixels = _amounts(index, class_of, len(pool.table))
    for i in photographs.good.tolist():
        number = int(index.image_ids[i])
        image = dict(images[number])
        if image.get("license") in new_licences:
            image["license"] = new_licences[image["license"]]
        path = photographs.root / index.file_names[i]
        yield Photograph(path, image, annotations[number], objects[i], pixels[i])


def _amounts(index: CocoIndex, class_of: dict[int, int], num_classes: int) -> tuple[Ints, Ints]:
    """Return objects and pixels (N, K), both int64, of the images of ``index``."""
    of_category = np.full(1 + max(index.categories, default=0), -1, np.int64)
    for category, value in class_of.items():
        of_category[category] = value if 0 <= value < num_classes else -1
    own = of_category[index.ann_category]
    kept = own >= 0
    objects, areas = (np.zeros((len(index), num_classes)) for _ in range(2))
    np.add.at(objects, (index.ann_image[kept], own[kept]), 1)
    np.add.at(areas, (index.ann_image[kept], own[kept]), index.ann_area[kept])
    size = index.heights.astype(np.int64) * index.widths
    areas[:, 0] = np.maximum(size - areas.sum(1), 0)
    return objects.astype(np.int64), np.rint(areas).astype(np.int64)
