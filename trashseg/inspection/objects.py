"""Every annotated object of a data set in columns: its class, its shape and what the file says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from trashseg.inspection.album import Album, Part
from trashseg.inspection.shapes import Overlap, measure_shapes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Objects:
    """A objects, grouped by photograph in the album's order. Lengths and areas are pixels of the photograph.

    Objects whose category is ignored or left out are not among them; ``num_others`` counts those.
    """

    photo: Ints  # (A,) position in the album
    row: Ints  # (A,) position among the annotations of its COCO file
    number: Ints  # (A,) its id in the COCO file
    class_id: Ints  # (A,)
    area: Floats  # (A,) the pixels that it paints
    perimeter: Floats  # (A,)
    thickness: Floats  # (A,) of the thinnest part
    box: Floats  # (A, 4) left, top, right, bottom of the outline, not clipped to the photograph
    thin_box: Floats  # (A, 4) of the thinnest part
    listed_area: Floats  # (A,)
    listed_box: Floats  # (A, 4) left, top, right, bottom; NaN where the file has none
    overlaps: Ints  # (P, 2) pairs of these objects that share pixels
    shared: Floats  # (P,) the pixels that a pair shares
    num_others: int

    def __len__(self) -> int:
        """Return the number of objects A."""
        return len(self.photo)

    def of_photo(self, i: int) -> range:
        """Return the positions of photograph ``i``'s objects."""
        first, end = np.searchsorted(self.photo, [i, i + 1]).tolist()
        return range(first, end)


def gather_objects(album: Album) -> Objects:
    """Measure every object of the labelled parts."""
    return _joined([_of_part(part, int(start)) for part, start in zip(album.parts, album.starts, strict=False)])


def _of_part(part: Part, start: int) -> Objects:
    """Measure the objects of one part, whose first photograph is the album's photograph ``start``."""
    index = part.prepared.index
    place = np.zeros(len(index), np.int64)
    place[part.positions] = start + np.arange(len(part.positions))
    row, shapes, overlaps, num_others = _measure(part)
    corner, extent = np.hsplit(index.ann_box[row], 2)
    return Objects(
        photo=place[index.ann_image[row]],
        row=row,
        number=index.ann_ids[row],
        class_id=np.array([part.class_of[c] for c in index.ann_category[row].tolist()], np.int64),
        area=shapes[:, 0],
        perimeter=shapes[:, 1],
        thickness=shapes[:, 2],
        box=shapes[:, 3:7],
        thin_box=shapes[:, 7:],
        listed_area=index.ann_area[row],
        listed_box=np.hstack([corner, corner + extent]),
        overlaps=overlaps[:, :2].astype(np.int64),
        shared=overlaps[:, 2],
        num_others=num_others,
    )


def _measure(part: Part) -> tuple[Ints, Floats, Floats, int]:
    """Measure the objects of one part, photograph by photograph.

    Returns:
        The rows (A,) of the objects; (A, 11) for each its area, perimeter, thickness and two boxes; (P, 3) for each
        overlapping pair two positions among the objects and the shared pixels; how many objects belong to no class.
    """
    index, num_classes = part.prepared.index, part.prepared.class_pixels.shape[1]
    known = np.isin(index.ann_category, [c for c, k in part.class_of.items() if 0 <= k < num_classes])
    rows, shapes, overlaps, num_others = list[int](), list[tuple[float, ...]](), list[Overlap](), 0
    for i in part.positions.tolist():
        every = index.annotations_of(i)
        own = [j for j in every if known[j]]
        found, pairs = measure_shapes(index, i, own)
        overlaps += [Overlap(len(rows) + first, len(rows) + second, shared) for first, second, shared in pairs]
        shapes += [(*shape[:3], *shape.box, *shape.thin_box) for shape in found]
        rows += own
        num_others += len(every) - len(own)
    table, shared = np.array(shapes, np.float64).reshape(-1, 11), np.array(overlaps, np.float64).reshape(-1, 3)
    return np.array(rows, np.int64), table, shared, num_others


def _joined(parts: Sequence[Objects]) -> Objects:
    """Put the columns of several parts end to end."""
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    columns = {field.name: [getattr(part, field.name) for part in parts] for field in fields(Objects)}
    columns["overlaps"] = [pairs + start for pairs, start in zip(columns["overlaps"], starts, strict=False)]
    num_others = sum(columns.pop("num_others"))
    return Objects(num_others=num_others, **{name: np.concatenate(column) for name, column in columns.items()})
