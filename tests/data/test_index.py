from __future__ import annotations

import copy
import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.data.index import CocoIndex, open_index
from trashseg.types import DataError


def test_columns_hold_what_the_file_says(data: Any, cache: Path) -> None:
    index = open_index(data.write(), cache)
    tree = data.tree
    assert index.problems == ()
    assert index.has_labels
    assert index.file_names == [image["file_name"] for image in tree["images"]]
    assert index.categories == {1: "Paper", 2: "Metal", 7: "Glass"}
    assert index.size(0) == (40, 60)
    assert len(index) == 4
    for i in range(4):
        own = [a for a in tree["annotations"] if a["image_id"] == i]
        places = index.annotations_of(i)
        assert index.ann_ids[places].tolist() == [a["id"] for a in own]
        assert index.ann_image[places].tolist() == [i] * len(own)
        assert index.ann_category[places].tolist() == [a["category_id"] for a in own]
        assert index.ann_area[places].tolist() == [a["area"] for a in own]
        for j, annotation in zip(places, own, strict=True):
            assert [part.tolist() for part in index.segmentation(j).parts] == annotation["segmentation"]


def test_annotations_in_any_order_are_grouped_stably(data: Any, cache: Path) -> None:
    annotations = data.tree["annotations"]
    np.random.default_rng(3).shuffle(annotations)
    index = open_index(data.write(), cache)
    for i in range(4):
        expected = [a["id"] for a in annotations if a["image_id"] == i]
        assert index.ann_ids[index.annotations_of(i)].tolist() == expected


def test_second_opening_reads_the_cache_and_equals_the_first(
    data: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.tree["annotations"][3]["segmentation"] = [[1, 1]]
    first = open_index(data.write(), cache)

    def forbidden(*_: object) -> None:
        raise AssertionError("the file was parsed again")

    monkeypatch.setattr("trashseg.data.index.parse_coco", forbidden)
    again = open_index(data.json, cache)
    assert_same(first, again)
    assert_same(first, pickle.loads(pickle.dumps(again)))
    assert len(pickle.dumps(again)) < 1000


def assert_same(one: CocoIndex, other: CocoIndex) -> None:
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name))
        else:
            assert value == getattr(other, name), name


def test_changed_file_is_parsed_anew_even_with_the_old_time(data: Any, cache: Path) -> None:
    path = data.write()
    before = path.stat()
    first = open_index(path, cache)
    path.write_bytes(path.read_bytes().replace(b'"area": 500.0', b'"area": 501.0'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = open_index(path, cache)
    assert first.digest != second.digest
    assert second.ann_area[0] == 501


@pytest.mark.parametrize("name", ["meta.json", "columns.npz", "numbers.f64"])
@pytest.mark.parametrize("harm", ["empty", "half", "gone", "foreign"])
def test_broken_cache_is_built_anew(data: Any, cache: Path, name: str, harm: str) -> None:
    first = open_index(data.write(), cache)
    # A mapped file must not shrink under the reader, hence a new file in each case.
    path = first.folder / name
    content = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "foreign": b"{}"}[harm])
    assert_same(open_index(data.json, cache), open_index(data.json, cache))
    assert path.read_bytes()[:100] == content[:100]
    assert len(list(first.folder.parent.iterdir())) == 1


def test_foreign_file_in_the_place_of_the_cache(data: Any, cache: Path) -> None:
    folder = open_index(data.write(), cache).folder
    folder.rename(folder.with_name("away"))
    folder.write_text("mine")
    assert len(open_index(data.json, cache)) == 4


def test_unwritable_cache_says_what_to_set(data: Any, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(DataError, match="TRASHSEG_CACHE"):
        open_index(data.write(), blocker)


def test_stale_temporary_folders_go_and_fresh_ones_stay(data: Any, cache: Path) -> None:
    old, fresh = cache / "index" / ".old.tmp", cache / "index" / ".fresh.tmp"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "half").write_text("")
    os.utime(old, (time.time() - 90_000,) * 2)
    open_index(data.write(), cache)
    assert not old.exists()
    assert fresh.exists()


def test_no_annotations_means_no_labels(data: Any, cache: Path) -> None:
    for value in ([], None, "absent"):
        data.tree["annotations"] = value
        if value == "absent":
            del data.tree["annotations"], data.tree["categories"]
        index = open_index(data.write(), cache)
        assert not index.has_labels
        assert index.problems == ()
        assert list(index.annotations_of(3)) == []


def test_whole_floats_missing_areas_and_odd_crowds_load(data: Any, cache: Path) -> None:
    first, second = data.tree["annotations"][:2]
    data.tree["images"][0]["id"] = 0.0
    first |= {"image_id": 0.0, "iscrowd": None, "segmentation": [[10, 10, 20, 10, 20, 20, 10, 20]]}
    second["iscrowd"] = 1
    del first["area"], first["bbox"], data.tree["annotations"][2]["iscrowd"]
    index = open_index(data.write(), cache)
    assert index.problems == ()
    assert index.ann_area[0] == 100
    assert index.ann_crowd[:3].tolist() == [False, True, False]


def test_byte_order_mark_and_korean_names(data: Any, cache: Path) -> None:
    data.tree["categories"][0]["name"] = "종이"
    data.tree["images"][1]["file_name"] = "배치/사진 1.jpg"
    data.json.write_bytes(json.dumps(data.tree, ensure_ascii=False).encode("utf-8-sig"))
    index = open_index(data.json, cache)
    assert index.categories[1] == "종이"
    assert index.file_names[1] == "배치/사진 1.jpg"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ('{"images": [}', r"line 1, column 13"),
        ('{"images":\n[1, 2,]}', r"line 2"),
        ("[1, 2]", "holds a list"),
        ("{}", "no 'images'"),
        ('{"images": {}}', "'images' is a dict"),
        ('{"images": [], "annotations": {}}', "'annotations' is a dict"),
        ('{"images": [], "annotations": [1]}', "no 'categories'"),
        ("[" * 100_000, "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
    ],
)
def test_faults_of_the_whole_file_are_raised(tmp_path: Path, cache: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=said) as caught:
        open_index(path, cache)
    assert "broken.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_lists_what_lies_there(data: Any, cache: Path, tmp_path: Path) -> None:
    data.write()
    (data.root / "val.json").write_text("{}")
    with pytest.raises(DataError, match=r"train\.json, val\.json"):
        open_index(data.root / "trian.json", cache)
    with pytest.raises(DataError, match=r"is a folder.*train\.json"):
        open_index(data.root, cache)
    with pytest.raises(DataError, match=r"no \.json"):
        open_index(data.root / "batch" / "train.json", cache)
    with pytest.raises(DataError, match="no folder"):
        open_index(tmp_path / "nowhere" / "train.json", cache)


IMAGE_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"id": "1"}, "id is '1'"),
    ({"id": None}, "id is missing"),
    ({"id": True}, "id is True"),
    ({"id": 1.5}, "id is 1.5"),
    ({"id": 10**30}, "id is 1e+30"),
    ({"height": "40"}, "height is '40'"),
    ({"width": None}, "width is missing"),
    ({"height": 0}, "0 x 60"),
    ({"width": -60}, "40 x -60"),
    ({"height": 10**6, "width": 10**6}, "1000000 x 1000000"),
    ({"file_name": ""}, "missing or empty"),
    ({"file_name": None}, "missing or empty"),
    ({"file_name": 7}, "file_name is 7"),
    ({"file_name": "/etc/passwd"}, "absolute"),
    ({"file_name": "C:\\a.jpg"}, "absolute"),
    ({"file_name": "../a.jpg"}, "leaves the folder"),
    ({"file_name": "a/../../b.jpg"}, "leaves the folder"),
    ({"file_name": "..\\a.jpg"}, "leaves the folder"),
    ({"file_name": "a\0b.jpg"}, "cannot name"),
    ({"file_name": "a\ud800.jpg"}, "cannot name"),
    ({"file_name": "."}, "cannot name"),
]


@pytest.mark.parametrize(("change", "said"), IMAGE_FAULTS)
def test_bad_images_are_left_out_with_their_annotations(
    data: Any, cache: Path, change: dict[str, Any], said: str
) -> None:
    data.tree["images"][1] |= change
    data.tree["annotations"] = [a for a in data.tree["annotations"] if a["image_id"] != 1 or "id" not in change]
    index = open_index(data.write(), cache)
    assert index.image_ids.tolist() == [0, 2, 3]
    assert index.num_listed[0] == 4
    assert sorted(set(index.ann_image.tolist())) == [0, 1, 2]
    (problem,) = index.problems  # the annotations of a bad image are no second fault
    assert said in problem.what
    assert problem.where.startswith("image")
    assert problem.file == str(data.json)
    assert problem.remedy


ANNOTATION_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"id": "x"}, "id is 'x'"),
    ({"image_id": 99}, "image_id 99"),
    ({"image_id": "1"}, "image_id is '1'"),
    ({"category_id": 5}, "category_id 5"),
    ({"category_id": None}, "category_id is missing"),
    ({"segmentation": []}, "missing or empty"),
    ({"segmentation": None}, "missing or empty"),
    ({"segmentation": [[1, 1, 2, 2]]}, "2 points"),
    ({"segmentation": [[1, 1, 9, 9, float("nan"), 3]]}, "NaN"),
    ({"segmentation": {"size": [60, 40], "counts": [2400]}}, "RLE has size"),
    ({"area": "500"}, "area is '500'"),
    ({"area": float("inf")}, "area is inf"),
    ({"id": 0}, "more than once"),
]


@pytest.mark.parametrize(("change", "said"), ANNOTATION_FAULTS)
def test_bad_annotations_are_left_out(data: Any, cache: Path, change: dict[str, Any], said: str) -> None:
    data.tree["annotations"][5] |= change
    index = open_index(data.write(), cache)
    assert index.ann_ids.tolist() == [0, 1, 10, 11, 20, 30, 31]
    (problem,) = index.problems
    assert said in problem.what
    assert problem.where.startswith("annotation")


def test_all_faults_are_listed_at_once(data: Any, cache: Path) -> None:
    data.tree["images"][1]["height"] = -1
    data.tree["annotations"][0]["segmentation"] = []
    data.tree["annotations"][4]["category_id"] = 5
    data.tree["annotations"].append("not an object")
    data.tree["categories"].append({"id": 9})
    problems = open_index(data.write(), cache).problems
    assert [p.where for p in problems] == [
        "category 9", "image 1 (batch/0001.jpg)", "annotation 0", "annotation 20", "annotation at position 8",
    ]  # fmt: skip


def test_ids_that_stand_for_different_entries_keep_none_of_them(data: Any, cache: Path) -> None:
    data.tree["images"][2]["id"] = 1
    index = open_index(data.write(), cache)
    assert index.image_ids.tolist() == [0, 3]
    assert [p.what for p in index.problems if p.where.startswith("image")] == ["id 1 occurs 2 times"]
    assert "batch/0001.jpg" in index.problems[0].where
    assert "batch/0002.jpg" in index.problems[0].where


def test_repeated_entries_are_reported(data: Any, cache: Path, make_data: Callable[..., Any]) -> None:
    data.tree["images"].append(copy.deepcopy(data.tree["images"][0]))
    index = open_index(data.write(), cache)
    assert index.image_ids.tolist() == [0, 1, 2, 3]  # an exact repeat does no harm once it is left out
    assert len(index.problems) == 1
    other = make_data()
    other.tree["images"][3]["file_name"] = "./batch//0000.jpg"
    index = open_index(other.write(), cache)
    assert index.image_ids.tolist() == [1, 2]
    assert [p.what for p in index.problems] == ["file_name 'batch/0000.jpg' occurs 2 times"]
    other.tree["categories"][1] = {"id": 1, "name": "Another"}
    other.tree["images"][3]["file_name"] = "batch/0003.jpg"
    index = open_index(other.write(), cache)
    assert index.categories == {7: "Glass"}
    assert "id 1 occurs 2 times" in [p.what for p in index.problems]


def test_empty_list_of_images_is_a_problem(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text('{"images": []}')
    (problem,) = open_index(path, cache).problems
    assert "no images" in str(problem)


def test_real_files_load_without_a_problem(real_data: Callable[[str], Path], cache: Path) -> None:
    for name in ("train", "val", "train_all", "test"):
        index = open_index(real_data("trash360") / f"{name}.json", cache)
        assert index.problems == ()
        assert index.num_listed == (len(index), len(index.ann_ids))
    index = open_index(real_data("taco40") / "annotations.json", cache)
    assert index.problems == ()
    assert len(index.categories) == 60
