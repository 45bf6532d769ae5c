"""The rules by which annotations and photographs are found suspicious."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trashseg.inspection.album import Album
from trashseg.inspection.limits import Limits
from trashseg.inspection.objects import Objects

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """Something suspicious in one photograph.

    ``objects`` are positions among the :class:`Objects` and ``box`` (left, top, right, bottom; pixels) is where to
    look; an empty tuple and None where it is about the whole photograph. ``score`` sorts the findings of one rule, the
    worst highest. ``values`` are the numbers behind it, named as the page's text has them; lengths and the area of a
    tiny object are those on a photograph of 512 x 512.
    """

    rule: str
    photo: int
    objects: tuple[int, ...]
    box: Floats | None
    score: float
    values: dict[str, float] = field(default_factory=dict)


def find_problems(album: Album, objects: Objects, limits: Limits) -> dict[str, list[Finding]]:
    """Return every rule's findings by the rule's name, the worst first; a rule that found nothing has an empty list."""
    found = {name: rule(album, objects, limits) for name, rule in RULES.items()}
    return {name: sorted(ones, key=lambda one: (-one.score, one.photo, one.objects)) for name, ones in found.items()}


def _each(
    rule: str, objects: Objects, where: Bools, score: Floats, box: Floats | None = None, **values: Floats
) -> list[Finding]:
    """Return a finding for each object ``where`` is true; columns have one entry an object, ``box`` is (A, 4)."""
    boxes = objects.box if box is None else box
    return [
        Finding(
            rule, int(objects.photo[j]), (j,), boxes[j], float(score[j]), {k: float(v[j]) for k, v in values.items()}
        )
        for j in np.flatnonzero(where).tolist()
    ]


def _sides(album: Album, objects: Objects) -> Floats:
    """Return the side of a square of each object's area, as on a photograph of 512 x 512, (A,)."""
    sides: Floats = np.sqrt(objects.area) / album.scales[objects.photo]
    return sides


def _slivers(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find outlines with a part that is hardly wider than a line, of objects that are not tiny altogether."""
    thickness = objects.thickness / album.scales[objects.photo]
    where = (thickness < limits.sliver) & (_sides(album, objects) >= limits.tiny)
    return _each("sliver", objects, where, -thickness, objects.thin_box, thickness=thickness)


def _tiny(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find objects of next to no area."""
    side = _sides(album, objects)
    return _each("tiny", objects, side < limits.tiny, -side, area=side**2)


def _outside(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find outlines that leave the photograph."""
    reach = np.maximum(-objects.box[:, :2], objects.box[:, 2:] - album.sizes[objects.photo][:, ::-1]).max(1)
    far = reach / album.scales[objects.photo]
    return _each("outside", objects, far > limits.outside, far, distance=far)


def _boxes(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find listed boxes that do not fit the outline; both are clipped to the photograph, as some tools do."""
    frame = np.tile(album.sizes[objects.photo][:, ::-1], 2)
    gaps = np.abs(np.clip(objects.listed_box, 0, frame) - np.clip(objects.box, 0, frame)).max(1)
    off = gaps / album.scales[objects.photo]
    # A missing box is NaN, which no comparison finds.
    return _each("box", objects, off > limits.box, off, objects.listed_box, distance=off)


def _areas(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find listed areas that do not fit the outline.

    Tools differ in whether an outline runs along or through the border's pixels: a line one pixel wide around the
    object is allowed on top.
    """
    del album
    difference = np.abs(objects.listed_area - objects.area)
    wrong = difference > limits.area * objects.area + objects.perimeter
    score = difference / np.maximum(objects.area, 1)
    return _each("area", objects, wrong, score, listed=objects.listed_area, area=objects.area)


def _pairs(rule: str, objects: Objects, where: Bools, share: Floats) -> list[Finding]:
    """Return a finding for each overlapping pair ``where`` is true; large overlaps come first."""
    found = []
    for p in np.flatnonzero(where).tolist():
        pair = tuple(objects.overlaps[p].tolist())
        boxes = objects.box[list(pair)]
        box = np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])
        score, values = float(share[p] * np.sqrt(objects.shared[p])), {"share": float(share[p])}
        found.append(Finding(rule, int(objects.photo[pair[0]]), pair, box, score, values))
    return found


def _same_class(objects: Objects) -> Bools:
    """Say of each overlapping pair whether both are of one class, (P,)."""
    classes = objects.class_id[objects.overlaps]
    same: Bools = classes[:, 0] == classes[:, 1]
    return same


def _overlaps(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find objects that largely lie on one of another class."""
    del album
    share = objects.shared / np.maximum(objects.area[objects.overlaps].min(1), 1)
    return _pairs("overlap", objects, ~_same_class(objects) & (share > limits.overlap), share)


def _twice(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find objects that were drawn twice."""
    del album
    iou = objects.shared / np.maximum(objects.area[objects.overlaps].sum(1) - objects.shared, 1)
    return _pairs("twice", objects, _same_class(objects) & (iou >= limits.twice), iou)


def _empty(album: Album, objects: Objects, limits: Limits) -> list[Finding]:
    """Find labelled photographs without an object."""
    del limits
    counts = np.bincount(objects.photo, minlength=len(album))
    return [Finding("empty", i, (), None, 0.0) for i in np.flatnonzero(album.labelled & (counts == 0)).tolist()]


RULES: dict[str, Callable[[Album, Objects, Limits], list[Finding]]] = {
    "overlap": _overlaps,
    "twice": _twice,
    "box": _boxes,
    "area": _areas,
    "outside": _outside,
    "sliver": _slivers,
    "tiny": _tiny,
    "empty": _empty,
}
"""The rules by their names, in the order in which the page lists them."""
