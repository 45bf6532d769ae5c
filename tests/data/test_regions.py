"""Photographs and regions that do not train."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from trashseg.data.source import Source
from trashseg.types import ConfigError, DataError, Split

Write = Callable[..., str]


@pytest.fixture
def root(make_coco: Callable[..., Path]) -> Path:
    return make_coco({"train": 4, "val": 3})


@pytest.fixture
def open_source(root: Path, cache: Path) -> Callable[..., Source]:
    return lambda **options: Source(str(root), cache_dir=str(cache), **options)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as CSV or JSON and return the path."""

    def run(rows: list[dict[str, Any]], name: str = "list.csv") -> str:
        path = tmp_path / name
        if name.endswith(".json"):
            path.write_text(json.dumps(rows), encoding="utf-8")
        else:
            with path.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, sorted({key for row in rows for key in row}))
                writer.writeheader()
                writer.writerows(rows)
        return str(path)

    return run


def tree_of(root: Path, part: str = "train") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / f"{part}.json").read_text())
    return content


def annotation(tree: dict[str, Any], image: int, place: int) -> dict[str, Any]:
    own: list[dict[str, Any]] = [entry for entry in tree["annotations"] if entry["image_id"] == image]
    return own[place]


def pixels_of(entry: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Return the object's pixels as pycocotools gives them."""
    parts = coco_mask.frPyObjects(entry["segmentation"], *size)
    with warnings.catch_warnings():
        # pycocotools' decoder has not followed numpy 2's new word for a copy.
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.asarray(coco_mask.decode(coco_mask.merge(parts))) == 1


def test_excluded_photographs_do_not_train(root: Path, open_source: Callable[..., Source], write: Write) -> None:
    tree = tree_of(root)
    name = tree["images"][2]["file_name"]
    validating = tree_of(root, "val")["images"][0]["file_name"]
    names = [image["file_name"] for image in tree["images"]]
    for exclude in ([name, validating], write([{"file_name": f"./{name}", "score": 0.1}, {"file_name": validating}])):
        source = open_source(exclude=exclude)
        assert source.members(Split.TRAIN, names).tolist() == [0, 1, 3]
        assert len(source.members(Split.VAL, names[:3])) == 3, "validation keeps all"


def test_an_object_is_ignored_where_it_is_seen(root: Path, open_source: Callable[..., Source], write: Write) -> None:
    tree = tree_of(root)
    entry = annotation(tree, 1, 0)
    raw = open_source().prepare(Split.TRAIN).mask(1)
    rows = [{"file_name": tree["images"][1]["file_name"], "annotation_id": entry["id"]}]
    for name in ("ids.csv", "ids.json"):
        prepared = open_source(ignore_regions=write(rows, name)).prepare(Split.TRAIN)
        expected = raw.copy()
        expected[pixels_of(entry, raw.shape) & (raw == entry["category_id"])] = 255
        assert (expected == 255).any()
        np.testing.assert_array_equal(prepared.mask(1), expected)
        np.testing.assert_array_equal(prepared.mask(0), open_source().prepare(Split.TRAIN).mask(0))
        assert prepared.class_pixels[1].sum() == (expected != 255).sum()


def test_a_box_is_ignored_whole_and_cut_at_the_border(
    root: Path, open_source: Callable[..., Source], write: Write
) -> None:
    tree = tree_of(root)
    rows = [{"file_name": tree["images"][0]["file_name"], "bbox": "[-3, 5, 13, 900]"}]
    raw = open_source().prepare(Split.TRAIN).mask(0)
    found = open_source(ignore_regions=write(rows)).prepare(Split.TRAIN).mask(0)
    assert (found[5:, :10] == 255).all()
    np.testing.assert_array_equal(found[:, 10:], raw[:, 10:])
    np.testing.assert_array_equal(found[:5], raw[:5])


def test_a_box_finds_the_object_whose_id_differs(root: Path, open_source: Callable[..., Source], write: Write) -> None:
    tree = tree_of(root)
    entry, other = annotation(tree, 2, 1), annotation(tree, 2, 0)
    size = (tree["images"][2]["height"], tree["images"][2]["width"])
    box = list(cv2.boundingRect(pixels_of(entry, size).astype(np.uint8)))
    name = tree["images"][2]["file_name"]
    by_id = open_source(ignore_regions=write([{"file_name": name, "annotation_id": entry["id"]}])).prepare(Split.TRAIN)
    # The id is that of another object of this photograph, as in a file with other ids.
    rows = [{"file_name": name, "annotation_id": other["id"], "bbox": " ".join(map(str, box))}]
    by_box = open_source(ignore_regions=write(rows, "box.csv")).prepare(Split.TRAIN)
    np.testing.assert_array_equal(by_box.mask(2), by_id.mask(2))


def test_validation_sees_everything(root: Path, open_source: Callable[..., Source], write: Write) -> None:
    images = tree_of(root, "val")["images"]
    rows = [{"file_name": image["file_name"], "bbox": "0 0 999 999"} for image in images]
    found, plain = (source.prepare(Split.VAL) for source in (open_source(ignore_regions=write(rows)), open_source()))
    for i in range(len(images)):
        np.testing.assert_array_equal(found.mask(i), plain.mask(i))
    rows = [{"file_name": tree_of(root)["images"][0]["file_name"], "bbox": [0, 0, 999, 999]}]
    everything = open_source(ignore_regions=write(rows, "all.json"), train="train.json", val=None, holdout=0.5)
    assert (everything.prepare(Split.TRAIN).mask(0) == 255).all()
    assert (everything.prepare(Split.VAL).mask(0) != 255).all(), "a holdout shares the file, not the masks"


BAD_ROWS: list[tuple[Any, str]] = [
    ([{"file_name": "batch_01_vt/0099.jpg", "annotation_id": 1}], "Did you mean batch_01_vt"),
    ([{"file_name": "batch_01_vt/0000.jpg", "annotation_id": 99}], "no annotation 99, only"),
    ([{"file_name": "batch_01_vt/0000.jpg", "annotation_id": "one"}], "give 1 number"),
    ([{"file_name": "batch_01_vt/0000.jpg", "bbox": "1 2 3"}], "x, y, width, height"),
    ([{"file_name": "batch_01_vt/0000.jpg", "bbox": "900 900 5 5"}], "lies outside"),
    ([{"file_name": "batch_01_vt/0000.jpg", "bbox": ""}], "neither annotation_id nor bbox"),
    ([{"name": "batch_01_vt/0000.jpg"}], "every row needs a file_name"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS)
def test_wrong_rows(open_source: Callable[..., Source], write: Write, rows: Any, message: str) -> None:
    source = open_source(ignore_regions=write(rows))
    with pytest.raises(DataError, match=message):
        source.prepare(Split.TRAIN)
    source.prepare(Split.VAL)


def test_wrong_exclusions(root: Path, open_source: Callable[..., Source]) -> None:
    names = [image["file_name"] for image in tree_of(root)["images"]]
    with pytest.raises(ConfigError, match="is no file"):
        open_source(exclude="nowhere.csv").members(Split.TRAIN, names)
    with pytest.raises(DataError, match=r"0009\.jpg is no photograph"):
        open_source(exclude=["batch_01_vt/0009.jpg"]).members(Split.TRAIN, names)
    with pytest.raises(DataError, match="leaves none of 4"):
        open_source(exclude=names).members(Split.TRAIN, names)
