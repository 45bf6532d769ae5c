"""The synthetic set: repeatable, in the competition's layout, truthful, and never half written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import pytest
from pycocotools.coco import COCO

from trashseg.data.synthetic import ensure_synthetic, share
from trashseg.data.synthetic.annotate import MIN_AREA
from trashseg.types import DataError

NAMES = [
    *("General trash", "Paper", "Paper pack", "Metal", "Glass"),
    *("Plastic", "Styrofoam", "Plastic bag", "Battery", "Clothing"),
]
SIZE = 96
pytestmark = pytest.mark.filterwarnings(  # pycocotools 2.0 has an __array__ of the old form
    "ignore:__array__ implementation:DeprecationWarning"
)
CALL = (
    "import sys; from pathlib import Path; from trashseg.data.synthetic import ensure_synthetic;"
    "ensure_synthetic(Path(sys.argv[1]), num_train=int(sys.argv[2]), num_val=2, num_test=1, size=64, seed=5)"
)


def make(root: Path, *, num_train: int = 4, num_val: int = 2, num_test: int = 1, size: int = 64, seed: int = 5) -> Path:
    ensure_synthetic(root, num_train=num_train, num_val=num_val, num_test=num_test, size=size, seed=seed)
    return root


def start(root: Path, num_train: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", CALL, str(root), str(num_train)], env=environment)


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def load(root: Path, name: str) -> dict:
    return json.loads((root / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("synthetic") / "set", num_train=40, num_val=20, num_test=6, size=SIZE, seed=11)


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    first, second, other = files(make(tmp_path / "a")), files(make(tmp_path / "b")), files(make(tmp_path / "c", seed=6))
    assert first == second
    assert set(first) == set(other) or len(first) == len(other)
    pictures = [name for name in first if name.endswith(".jpg")]
    assert all(first[name] != other.get(name) for name in pictures)


def test_a_scene_depends_on_no_other(tmp_path: Path) -> None:
    few, many = make(tmp_path / "few", num_train=2), make(tmp_path / "many", num_train=7)
    short, long = load(few, "train.json"), load(many, "train.json")
    for number in range(2):
        names = [document["images"][number]["file_name"] for document in (short, long)]
        assert (few / names[0]).read_bytes() == (many / names[1]).read_bytes()


def test_several_processes_draw_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = files(make(tmp_path / "alone"))
    monkeypatch.setattr(share, "_WORTHWHILE", 1)
    monkeypatch.setattr(share, "_num_processors", lambda: 2)
    started = []
    monkeypatch.setattr(
        share.subprocess, "Popen", lambda *a, _real=subprocess.Popen, **k: started.append(1) or _real(*a, **k)
    )
    assert files(make(tmp_path / "together")) == alone
    assert started
    monkeypatch.setattr(share.sys, "executable", "/bin/false")
    assert files(make(tmp_path / "failing")) == alone


@pytest.mark.parametrize(
    ("name", "num"), [("train.json", 40), ("val.json", 20), ("train_all.json", 60), ("test.json", 6)]
)
def test_the_files_follow_the_contract(root: Path, name: str, num: int) -> None:
    document = load(root, name)
    assert [entry["id"] for entry in document["images"]] == list(range(num))
    assert [(entry["id"], entry["name"]) for entry in document["categories"]] == list(enumerate(NAMES, start=1))
    assert {"info", "licenses"} <= set(document)
    assert [entry["id"] for entry in document["annotations"]] == list(range(len(document["annotations"])))
    for entry in document["images"]:
        assert set(entry) == {"id", "file_name", "height", "width", "license", "url", "date_captured"}
        assert (
            cv2.imread(str(root / entry["file_name"])).shape == (entry["height"], entry["width"], 3) == (SIZE, SIZE, 3)
        )
    for entry in document["annotations"]:
        assert set(entry) == {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd"}
        assert 0 <= entry["image_id"] < num
        assert 1 <= entry["category_id"] <= 10
        assert isinstance(entry["area"], float)
        assert entry["area"] >= MIN_AREA
        assert entry["iscrowd"] == 0
    assert bool(document["annotations"]) == (name != "test.json")


def test_splits_are_disjoint_and_mixed_over_the_folders(root: Path) -> None:
    names = {part: [e["file_name"] for e in load(root, f"{part}.json")["images"]] for part in ("train", "val", "test")}
    every = [name for part in names.values() for name in part]
    assert len(set(every)) == len(every) == 66
    assert [e["file_name"] for e in load(root, "train_all.json")["images"]] == names["train"] + names["val"]
    folders = {name.split("/")[0] for name in every}
    assert folders == {"batch_01_vt", "batch_02_vt", "batch_03"}
    assert {name.split("/")[0] for name in names["val"]} == folders
    assert sorted(every) == sorted(str(path.relative_to(root)) for path in root.rglob("*.jpg"))


def test_train_all_holds_the_annotations_of_both(root: Path) -> None:
    def plain(document: dict, offset: int) -> list:
        return [(e["image_id"] + offset, e["category_id"], e["segmentation"]) for e in document["annotations"]]

    train, val = load(root, "train.json"), load(root, "val.json")
    assert plain(load(root, "train_all.json"), 0) == plain(train, 0) + plain(val, len(train["images"]))


def test_pycocotools_reads_it(root: Path) -> None:
    coco = COCO(str(root / "train_all.json"))
    for annotation in coco.loadAnns(coco.getAnnIds()):
        mask = coco.annToMask(annotation)
        assert mask.sum() == annotation["area"]
        assert annotation["bbox"] == list(cv2.boundingRect(mask))


def test_all_ten_occur_and_the_rare_are_rare(root: Path) -> None:
    for name in ("train.json", "val.json"):
        found = Counter(entry["category_id"] for entry in load(root, name)["annotations"])
        assert found[9] >= 1
        assert found[10] >= 1
    found = Counter(entry["category_id"] for entry in load(root, "train_all.json")["annotations"])
    assert set(found) == set(range(1, 11))
    assert found[2] > 5 * max(found[9], found[10])
    assert found[8] > 5 * max(found[9], found[10])


def test_parts_and_holes_occur(root: Path) -> None:
    forms = [entry["segmentation"] for entry in load(root, "train_all.json")["annotations"]]
    polygons = [form for form in forms if isinstance(form, list)]
    assert sum(len(form) > 1 for form in polygons) >= 5
    assert any(isinstance(form, dict) for form in forms)
    assert all(isinstance(value, int) for form in polygons for part in form for value in part)
    assert all(len(part) >= 6 and len(part) % 2 == 0 for form in polygons for part in form)


def test_two_processes_at_once(tmp_path: Path) -> None:
    target = tmp_path / "set"
    processes = [start(target, 6) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert files(target) == files(make(tmp_path / "alone", num_train=6))
    assert {path.name for path in tmp_path.iterdir()} == {"set", "alone"}


def test_a_kill_leaves_nothing_half(tmp_path: Path) -> None:
    target = tmp_path / "set"
    process = start(target, 5000)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".set.*.tmp/batch_*/*.jpg")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    assert not target.exists()
    assert (make(target) / "train.json").is_file()


def test_existing_sets_are_kept_or_refused(tmp_path: Path) -> None:
    target = make(tmp_path / "set")
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    make(target)
    with pytest.raises(DataError, match=r"num_train=4.*num_train=9.*data\.root"):
        make(target, num_train=9)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_foreign_places_are_never_overwritten(tmp_path: Path) -> None:
    folder, file, link = tmp_path / "folder", tmp_path / "file", tmp_path / "link"
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")
    file.write_text("kept")
    link.symlink_to(tmp_path / "nowhere")
    for place in (folder, file, link, file / "below"):
        with pytest.raises(DataError, match=r"data\.root"):
            make(place)
    assert files(folder) == {"mine.txt": b"kept"}
    assert file.read_text() == "kept"
    (tmp_path / "empty").mkdir()
    assert (make(tmp_path / "empty") / "val.json").is_file()


@pytest.mark.parametrize("wrong", [{"num_train": 0}, {"num_val": -1}, {"num_test": -1}, {"size": 8}, {"seed": -1}])
def test_impossible_numbers_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        make(tmp_path / "set", **wrong)
    assert not list(tmp_path.iterdir())
