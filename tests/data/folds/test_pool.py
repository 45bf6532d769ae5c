"""Several files as one: nothing lost, nothing twice, contradictions told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.data.folds.pool import Pool, read_pool
from trashseg.data.source import Source
from trashseg.types import ConfigError, DataError

Edit = Callable[[str, Callable[[dict[str, Any]], Any]], None]
BOTH = ["train.json", "val.json"]


def read(root: Path, files: list[str] | None = None, **options: Any) -> Pool:
    return read_pool(Source(str(root), **options), BOTH if files is None else files)


def trees(root: Path) -> list[dict[str, Any]]:
    return [json.loads((root / name).read_text(encoding="utf-8")) for name in BOTH]


def test_a_pool_is_both_files_in_their_order(root: Path) -> None:
    pool, both = read(root), trees(root)
    assert pool.names == [image["file_name"] for tree in both for image in tree["images"]]
    assert pool.paths == [root / name for name in pool.names]
    for tree, photographs in zip(both, (pool.photographs[:6], pool.photographs[6:]), strict=True):
        for image, photograph in zip(tree["images"], photographs, strict=True):
            assert photograph.annotations == [a for a in tree["annotations"] if a["image_id"] == image["id"]]
    assert set(pool.digests) == set(BOTH)


def test_counts_are_objects_and_areas(root: Path) -> None:
    pool = read(root)
    for photograph, objects, pixels in zip(pool.photographs, pool.counts.objects, pool.counts.pixels, strict=True):
        for k in range(1, 11):
            own = [a for a in photograph.annotations if a["category_id"] == k]
            assert objects[k] == len(own)
            assert pixels[k] == sum(a["area"] for a in own)
        assert objects[0] == 0
        assert pixels[0] == max(0, 48 * 64 - pixels[1:].sum())


def test_ignored_and_renamed_categories_are_counted_as_they_are_painted(root: Path) -> None:
    mapping = {"Battery": "ignore", "Clothing": "drop", "Glass": "Metal"}
    names = [name for name in Source(str(root)).table.names if name not in ("Battery", "Clothing", "Glass")]
    classes = {name: {"id": k, "color": [k, k, k]} for k, name in enumerate(names)}
    plain, mapped = read(root).counts, read(root, classes=classes, category_map=mapping).counts
    old = {name: plain.objects[:, k] for k, name in enumerate(plain.names)}
    new = {name: mapped.objects[:, k] for k, name in enumerate(mapped.names)}
    np.testing.assert_array_equal(new["Metal"], old["Metal"] + old["Glass"])
    np.testing.assert_array_equal(new["Paper"], old["Paper"])


def test_a_photograph_in_both_files_is_taken_once(root: Path, edit: Edit, caplog: pytest.LogCaptureFixture) -> None:
    train, _ = trees(root)
    again, number = train["images"][2], 77
    boxes = [a for a in train["annotations"] if a["image_id"] == again["id"]]

    def repeat(tree: dict[str, Any], boxes: list[dict[str, Any]]) -> None:
        tree["images"].append(again | {"id": number, "file_name": "./" + again["file_name"]})
        tree["annotations"] += [a | {"id": 900 + i, "image_id": number} for i, a in enumerate(boxes)]

    edit("val.json", lambda tree: repeat(tree, boxes))
    with caplog.at_level(logging.WARNING):
        assert len(read(root).names) == len(set(read(root).names)) == 10
    assert not caplog.records
    edit("val.json", lambda tree: tree["annotations"].pop())
    with caplog.at_level(logging.WARNING):
        pool = read(root)
    assert "1 photographs have other labels in val.json" in caplog.text
    assert len(pool.photographs[2].annotations) == 3, "the first file counts"


def test_categories_and_licences_are_united(root: Path, edit: Edit) -> None:
    free, ours = {"id": 0, "name": "free"}, {"id": 0, "name": "ours"}
    edit("train.json", lambda tree: tree.update(licenses=[free], info={"year": 1}))
    edit("val.json", lambda tree: tree.update(licenses=[free | {"id": 4}, ours], info={"year": 2}, contributor="us"))
    edit("val.json", lambda tree: tree["categories"].append({"id": 12, "name": "Wood"}))
    edit("val.json", lambda tree: [image.update(license=4 * (i % 2)) for i, image in enumerate(tree["images"])])
    pool = read(root)
    head = pool.head.content
    assert head["info"] == {"year": 1}
    assert head["contributor"] == "us"
    assert [category["id"] for category in head["categories"]] == [*range(1, 11), 12]
    names = {licence["id"]: licence["name"] for licence in head["licenses"]}
    assert len(names) == len(head["licenses"])
    assert [names[photograph.image["license"]] for photograph in pool.photographs[6:]] == ["ours", "free"] * 2


def test_contradicting_categories_are_refused(root: Path, edit: Edit) -> None:
    edit("val.json", lambda tree: tree["categories"][2].update(name="Wood"))
    with pytest.raises(DataError, match=r"category 3 is Wood in .*val\.json and Paper pack"):
        read(root)


def test_faults_stop_it_or_are_left_out(root: Path, edit: Edit) -> None:
    edit("val.json", lambda tree: tree["annotations"][0].update(segmentation="nothing"))
    edit("val.json", lambda tree: tree["annotations"].append([]))
    (root / "batch_01_vt" / "0003.jpg").unlink()
    with pytest.raises(DataError, match=r"0003\.jpg"):
        read(root)
    with pytest.raises(DataError, match="problems in the data"):
        read(root, ["val.json"])
    pool = read(root, on_bad="skip")
    assert len(pool.names) == 9
    assert "batch_01_vt/0003.jpg" not in pool.names
    assert [len(photograph.annotations) for photograph in pool.photographs] == [3, 3, 3, 3, 3, 2, 3, 3, 3]


def test_no_file_and_a_missing_file_are_told(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"sources=\[\]"):
        read(root, [])
    with pytest.raises(DataError, match=r"train_al\.json does not exist.*train\.json"):
        read(root, ["train_al.json"])
