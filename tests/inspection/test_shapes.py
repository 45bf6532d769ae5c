"""Areas, boxes and overlaps against pycocotools' masks; thickness against shapes that one can work out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from trashseg.inspection.album import Album
from trashseg.inspection.objects import gather_objects
from trashseg.inspection.shapes import measure_shapes

from .small import rectangle

pytestmark = pytest.mark.filterwarnings(  # pycocotools 2.0 has an __array__ of the old form
    "ignore:__array__ implementation:DeprecationWarning"
)


def random_object(rng: np.random.Generator) -> dict[str, object]:
    """Several polygons that may overlap each other and leave the photograph a little."""
    parts = [(rng.uniform(-3, 131, 2 * int(rng.integers(3, 9)))).tolist() for _ in range(int(rng.integers(1, 3)))]
    return rectangle(0, 0, 1, 1, int(rng.integers(1, 4)), segmentation=parts)


def run_lengths(rng: np.random.Generator) -> dict[str, object]:
    mask = np.asfortranarray(rng.random((128, 128)) < 0.02, np.uint8)
    counts = coco_mask.encode(mask)["counts"].decode()
    return rectangle(0, 0, 1, 1, segmentation={"size": [128, 128], "counts": counts})


def test_areas_and_overlaps_are_those_of_pycocotools(open_set: Callable[..., Album], tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    photographs = [[random_object(rng) for _ in range(6)] + [run_lengths(rng)] for _ in range(4)]
    objects = gather_objects(open_set(train=photographs, val=[[]]))
    coco = COCO(str(tmp_path / "train.json"))
    masks = {number: coco.annToMask(coco.anns[number]).astype(bool) for number in coco.anns}
    assert objects.number.tolist() == sorted(masks)
    np.testing.assert_array_equal(objects.area, [masks[n].sum() for n in objects.number.tolist()])
    found = {
        tuple(objects.number[pair].tolist()): shared
        for pair, shared in zip(objects.overlaps, objects.shared, strict=True)
    }
    shared = {}
    for image in coco.imgs:
        for pair in combinations(coco.getAnnIds(imgIds=image), 2):
            shared[pair] = (masks[pair[0]] & masks[pair[1]]).sum()
    assert found == {pair: count for pair, count in shared.items() if count}


@pytest.mark.parametrize(("width", "length"), [(1.0, 60.0), (3.0, 90.0), (20.0, 20.0)])
def test_thickness_of_the_thinnest_part(open_set: Callable[..., Album], width: float, length: float) -> None:
    strip = rectangle(5, 7, 5 + length, 7 + width)["segmentation"][0]
    large = rectangle(40, 40, 120, 120)["segmentation"][0]
    album = open_set(train=[[rectangle(0, 0, 1, 1, segmentation=[large, strip])]], val=[[]])
    (shape,), overlaps = measure_shapes(album.parts[0].prepared.index, 0, [0])
    assert shape.thickness == pytest.approx(width * length / (width + length))
    assert shape.perimeter == pytest.approx(2 * (width + length) + 320)
    assert shape.thin_box == (5, 7, 5 + length, 7 + width)
    assert shape.box == (5, 7, 120, 120)
    assert overlaps == []


def test_run_lengths_are_traced(open_set: Callable[..., Album]) -> None:
    mask = np.zeros((128, 128), np.uint8, order="F")
    mask[10:30, 50:90] = 1
    counts = coco_mask.encode(mask)["counts"].decode()
    annotation = rectangle(0, 0, 1, 1, segmentation={"size": [128, 128], "counts": counts})
    objects = gather_objects(open_set(train=[[annotation]], val=[[]]))
    assert objects.box.tolist() == [[50, 10, 89, 29]], "the middles of the outermost pixels"
    assert objects.area.tolist() == [800]


def test_boxes_of_the_file(open_set: Callable[..., Album]) -> None:
    listed = [[1, 2, 3, 4], None, [1, 2], ["a", 2, 3, 4], [0.5, 0, 2, 9]]
    photographs = [[rectangle(9, 9, 50, 50, bbox=box)] for box in listed]
    boxes = open_set(train=photographs, val=[[]]).parts[0].prepared.index.ann_box
    np.testing.assert_array_equal(boxes, [[1, 2, 3, 4], *[[np.nan] * 4] * 3, [0.5, 0, 2, 9]])


def test_objects_of_two_parts(open_set: Callable[..., Album]) -> None:
    photographs = [[rectangle(9, 9, 50, 50, 2)], [], [rectangle(9, 9, 60, 60, 3), rectangle(20, 20, 30, 30, 1)]]
    objects = gather_objects(open_set(train=photographs, val=photographs[::-1]))
    assert objects.photo.tolist() == [0, 2, 2, 3, 3, 5]
    assert objects.class_id.tolist() == [2, 3, 1, 3, 1, 2]
    assert objects.overlaps.tolist() == [[1, 2], [3, 4]]
    assert [list(objects.of_photo(i)) for i in range(6)] == [[0], [], [1, 2], [3, 4], [], [5]]
