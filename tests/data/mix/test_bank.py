"""Objects cut out of photographs: the pixels that a reference finds, of the training part alone."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from trashseg.data.mix.bank import BankRecipe, ObjectBank, open_bank
from trashseg.data.source import Source
from trashseg.data.training import TrainingPart
from trashseg.types import Split

NAMES = ("Background", "Paper", "Metal", "Glass")
TABLE = {name: {"id": k, "color": [k, 0, 0]} for k, name in enumerate(NAMES)}
SIZE = (60, 80)
RECIPE = BankRecipe((1, 2, 3), min_area=20)


def box(left: int, top: int, width: int, height: int) -> list[list[int]]:
    return [[left, top, left + width, top, left + width, top + height, left, top + height]]


TRIANGLE = [[40, 20, 70, 22, 50, 50]]
PARTS = [[5, 5, 20, 6, 12, 18], [30, 40, 45, 41, 38, 52]]
OBJECTS: list[tuple[int, int, Any, dict[str, Any]]] = [
    # (image, category, segmentation, other keys); the last column says why it is left out, if it is
    (0, 1, TRIANGLE, {}),
    (0, 2, PARTS, {}),
    (1, 2, box(10, 10, 30, 30), {"area": 900}),
    (1, 1, box(30, 10, 6, 30), {"area": 180}),  # lies on the metal: not part of the metal's pixels
    (1, 3, box(0, 45, 20, 10), {"left_out": "border"}),
    (1, 3, box(60, 45, 20, 10), {"left_out": "border"}),
    (1, 3, box(40, 0, 9, 9), {"left_out": "border"}),
    (1, 3, box(40, 50, 9, 10), {"left_out": "border"}),
    (2, 3, box(20, 20, 4, 4), {"left_out": "tiny"}),
    (2, 3, box(40, 20, 20, 20), {"iscrowd": 1, "left_out": "crowd"}),
    (2, 9, box(10, 30, 8, 9), {"left_out": "no class"}),
    (2, 8, box(10, 42, 8, 9), {"left_out": "ignored"}),
    (3, 1, box(10, 10, 20, 20), {"area": 400, "left_out": "covered"}),
    (3, 2, box(9, 9, 22, 16), {"area": 352}),
    (4, 3, TRIANGLE, {"part": "validation"}),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = []
    for i in range(5):
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), np.uint8)).save(folder / f"{i}.png")
        images.append({"id": i, "file_name": f"{i}.png", "height": SIZE[0], "width": SIZE[1]})
    annotations = [
        {"id": n, "image_id": i, "category_id": c, "segmentation": s, "iscrowd": 0, **extra}
        for n, (i, c, s, extra) in enumerate(OBJECTS)
    ]
    names = {1: "Paper", 2: "Metal", 3: "Glass", 8: "Unclear", 9: "Elsewhere"}
    tree = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": k, "name": n} for k, n in names.items()],
    }
    (folder / "train.json").write_text(json.dumps(tree))
    return folder


def part_of(root: Path, cache: Path, indices: tuple[int, ...] = (0, 1, 2, 3), **options: Any) -> TrainingPart:
    mapping = {"Unclear": "ignore", "Elsewhere": "drop"}
    source = Source(str(root), classes=TABLE, category_map=mapping, cache_dir=str(cache), **options)
    split = source.prepare(Split.TRAIN)
    return TrainingPart(split, np.array(indices), source.class_of(split.index), NAMES, cache)


def reference(number: int) -> tuple[np.ndarray, int]:
    """The object's visible pixels, by pycocotools and the list above: what lies later and is smaller covers."""
    image, _, segmentation, _ = OBJECTS[number]
    shape = coco_mask.merge(coco_mask.frPyObjects(segmentation, *SIZE))
    return np.asarray(coco_mask.decode(shape)).astype(bool), image  # type: ignore[no-any-return]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pycocotools' decoder and numpy 2's word for a copy
def test_objects_are_the_annotations_pixels(root: Path, cache: Path) -> None:
    bank = open_bank(part_of(root, cache), RECIPE)
    kept = [n for n, (_, _, _, extra) in enumerate(OBJECTS) if not {"left_out", "part"} & set(extra)]
    assert bank.labels.tolist() == [OBJECTS[n][1] for n in kept]
    assert set(bank.sides.tolist()) == {80}
    for i, number in enumerate(kept):
        shape, image = reference(number)
        if number == 2:
            shape &= ~reference(3)[0]
        rows, columns = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert np.array_equal(bank[i][..., 3], 255 * shape[window])
        pixels = np.asarray(Image.open(root / f"{image}.png"))[window]
        assert np.array_equal(bank[i][..., :3], pixels)
        assert bank.areas[i] == shape.sum()


def test_only_the_training_part_gives_objects(make_coco: Callable[..., Path], cache: Path) -> None:
    source = Source(str(make_coco({"train": 20})), val=None, test=None, cache_dir=str(cache))
    split = source.prepare(Split.TRAIN)
    indices = source.members(Split.TRAIN, list(split.names))
    assert 0 < len(indices) < 20
    part = TrainingPart(split, indices, source.class_of(split.index), source.table.names, cache)
    bank = open_bank(part, BankRecipe(tuple(range(1, 11)), 1))
    photographs = {i: np.asarray(Image.open(split.image_path(i))) for i in range(20)}

    def holds(image: np.ndarray, pixels: np.ndarray) -> bool:
        height, width = pixels.shape[:2]
        rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
        corner = np.argwhere((np.abs(image[:rows, :columns].astype(int) - pixels[0, 0, :3]) <= 2).all(-1))
        return any(
            np.abs(image[y : y + height, x : x + width].astype(int) - pixels[..., :3]).max() <= 2 for y, x in corner
        )

    assert len(bank) > 10
    owners = [{i for i, image in photographs.items() if holds(image, bank[k])} for k in range(len(bank))]
    assert all(owner and owner <= set(indices.tolist()) for owner in owners)


def test_the_bank_is_cut_once_and_anew_when_something_changes(root: Path, cache: Path) -> None:
    def folders() -> set[str]:
        return {path.name for path in (cache / "objects").iterdir()}

    open_bank(part_of(root, cache), RECIPE)
    (first,) = folders()
    made = (cache / "objects" / first / "objects.rgba").stat().st_mtime_ns
    again = open_bank(part_of(root, cache), BankRecipe((3, 2, 1), 20))
    assert folders() == {first}
    assert again.path.stat().st_mtime_ns == made
    for different in (
        (part_of(root, cache), BankRecipe((1, 2), 20)),
        (part_of(root, cache), BankRecipe((1, 2, 3), 30)),
        (part_of(root, cache, (0, 1, 2)), RECIPE),
        (part_of(root, cache, order="max_id"), RECIPE),
        (part_of(root, cache, max_side=40), RECIPE),
    ):
        before = folders()
        open_bank(*different)
        assert len(folders() - before) == 1
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(root / "0.png")
    assert not open_bank(part_of(root, cache), RECIPE)[0][..., :3].any()


def test_shrunken_photographs_give_shrunken_objects(root: Path, cache: Path) -> None:
    bank = open_bank(part_of(root, cache, max_side=40), BankRecipe((1, 2, 3), 1))
    full = open_bank(part_of(root, cache), RECIPE)
    assert set(bank.sides.tolist()) == {40}
    assert bank.areas[0] == pytest.approx(full.areas[0] / 4, rel=0.1)


@pytest.mark.parametrize("damage", ["objects.rgba", "columns.npz", "meta.json"])
def test_a_damaged_bank_is_made_anew(root: Path, cache: Path, damage: str) -> None:
    bank = open_bank(part_of(root, cache), RECIPE)
    path = bank.path.parent / damage
    path.write_bytes(path.read_bytes()[:-7])
    assert np.array_equal(open_bank(part_of(root, cache), RECIPE)[1], bank[1])


def test_no_object_at_all(root: Path, cache: Path) -> None:
    bank = open_bank(part_of(root, cache), BankRecipe((3,), 20))
    assert len(bank) == 0
    assert len(open_bank(part_of(root, cache), BankRecipe((3,), 20))) == 0


def test_the_bank_travels_without_its_pixels(root: Path, cache: Path) -> None:
    bank = open_bank(part_of(root, cache), RECIPE)
    pixels = bank[0]
    sent = pickle.dumps(bank)
    assert len(sent) < 4000
    assert np.array_equal(pickle.loads(sent)[0], pixels)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1


def _open(root: Path, cache: Path, start: Any, answers: Any) -> None:
    part = part_of(root, cache)
    start.wait()
    bank: ObjectBank = open_bank(part, RECIPE)
    answers.put([bank[i].tobytes() for i in range(len(bank))])


def test_two_processes_may_cut_at_once(root: Path, cache: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(2), context.Queue()
    part_of(root, cache)
    both = [context.Process(target=_open, args=(root, cache, start, answers)) for _ in range(2)]
    for process in both:
        process.start()
    found = [answers.get(timeout=60) for _ in both]
    for process in both:
        process.join()
    assert found[0] == found[1]
    assert len(found[0]) == 5
    assert len(list((cache / "objects").iterdir())) == 1
