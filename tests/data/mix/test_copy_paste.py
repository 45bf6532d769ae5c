"""Copy-paste: objects land whole, labelled, where they cover least, and only where they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.data.mix import CopyPaste
from trashseg.data.mix.bank import ObjectBank, write_bank
from trashseg.data.mix.copy_paste import Paster
from trashseg.data.mix.cutting import Cutout
from trashseg.data.mix.place import place
from trashseg.data.source import Source
from trashseg.data.training import TrainingPart
from trashseg.types import IGNORE_INDEX, ConfigError, Split

K = 11
SIZE = (60, 90)
NOTHING = np.zeros(K, np.int64)


def code(mask: np.ndarray) -> np.ndarray:
    """A colour for every label, the ignored one included."""
    return np.where(mask == IGNORE_INDEX, 255, 20 * mask.astype(int)).astype(np.uint8)


def photograph(seed: int, labels: tuple[int, ...] = (0, 3, 7, IGNORE_INDEX)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.choice(labels, (10, 15)), np.ones((6, 6), int)).astype(np.uint8)
    return np.repeat(code(mask)[..., None], 3, axis=2), mask


def cutout(label: int, size: tuple[int, int], side: int = 90) -> Cutout:
    """An ellipse in its label's colour; around it another colour, which must not come along."""
    shape = np.zeros(size, np.uint8)
    cv2.ellipse(shape, (size[1] // 2, size[0] // 2), (size[1] // 2, size[0] // 2), 0, 0, 360, 255, -1)
    colour = np.where(shape > 0, code(np.uint8(label)), 233).astype(np.uint8)
    return Cutout(np.dstack((colour, colour, colour, shape)), label, side)


def bank_of(folder: Path, objects: list[Cutout]) -> ObjectBank:
    folder.mkdir(exist_ok=True)
    write_bank(folder, "key", objects)
    sizes = np.array([one.pixels.shape[:2] for one in objects])
    labels, sides = np.array([one.label for one in objects]), np.array([one.side for one in objects])
    areas = np.array([np.count_nonzero(one.pixels[..., 3]) for one in objects])
    return ObjectBank(folder / "objects.rgba", sizes, labels, areas, sides)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> ObjectBank:
    objects = [cutout(5, (11, 21)), cutout(5, (9, 9)), cutout(9, (15, 7)), cutout(2, (30, 40))]
    return bank_of(tmp_path_factory.mktemp("bank") / "objects", objects)


def paster(
    bank: ObjectBank, weights: dict[int, float] | None = None, not_onto: tuple[int, ...] = (), **options: Any
) -> Paster:
    weights = weights or {int(label): 1.0 for label in np.unique(bank.labels)}
    classes = {label: (weight, np.flatnonzero(bank.labels == label)) for label, weight in weights.items()}
    settings_ = CopyPaste({}, **{"p": 1.0, "min_area": 1, **options})
    return Paster(settings_, bank, classes, not_onto)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), flip=st.booleans())
def test_label_and_colour_stay_together(bank: ObjectBank, seed: int, flip: bool) -> None:
    image, mask = photograph(seed)
    before = mask.copy()
    new_image, new_mask = paster(bank, scale=(1, 1), flip=float(flip))(
        image, mask, NOTHING, np.random.default_rng(seed)
    )
    # Pasted at their own size, objects leave no mixed colours: what is ignored stays so, or is covered by an object.
    assert np.array_equal(new_image, np.repeat(code(new_mask)[..., None], 3, axis=2))
    changed = new_mask != before
    assert set(np.unique(new_mask[changed]).tolist()) <= {2, 5, 9}
    assert set(np.unique(new_mask).tolist()) <= set(np.unique(before).tolist()) | {2, 5, 9}
    assert changed.any() or {2, 5, 9} & set(np.unique(before).tolist())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_label_and_colour_stay_together_at_any_size(bank: ObjectBank, seed: int) -> None:
    image, mask = photograph(seed)
    before = set(np.unique(mask).tolist())
    # One object, lest the edge of one lies within another of its class.
    new_image, new_mask = paster(bank, max_objects=1)(image, mask, NOTHING, np.random.default_rng(seed))
    assert set(np.unique(new_mask).tolist()) <= before | {2, 5, 9}
    square = np.ones((5, 5), np.uint8)
    # Colours mix along an object's edge, as far as one pixel of its own scale reaches.
    inner = cv2.erode(new_mask, square) == cv2.dilate(new_mask, square)
    assert np.abs(new_image[..., 0].astype(int) - code(new_mask))[inner].max(initial=0) <= 1


def test_the_random_numbers_alone_decide(bank: ObjectBank) -> None:
    paste = paster(bank)
    results = [
        tuple(part.tobytes() for part in paste(*photograph(1), NOTHING, np.random.default_rng(seed)))
        for seed in (0, 1, 0, 2)
    ]
    assert results[0] == results[2]
    assert len(set(results)) == 3


def test_photographs_of_some_classes_stay_as_they_are(bank: ObjectBank) -> None:
    paste = paster(bank, not_onto=(2, 8))
    held = np.arange(K) == 8
    image, mask = photograph(0)
    for seed in range(20):
        new_image, new_mask = paste(image.copy(), mask.copy(), held.astype(np.int64), np.random.default_rng(seed))
        assert np.array_equal(new_image, image)
        assert np.array_equal(new_mask, mask)
    assert not np.array_equal(paste(image.copy(), mask.copy(), NOTHING, np.random.default_rng(0))[1], mask)


def counted(paste: Paster, times: int) -> tuple[Counter[int], list[int]]:
    """Paste onto empty photographs; return how often each label came, and the objects a photograph."""
    labels: Counter[int] = Counter()
    numbers = []
    for seed in range(times):
        mask = np.zeros((400, 400), np.uint8)
        paste(np.zeros((400, 400, 3), np.uint8), mask, NOTHING, np.random.default_rng(seed))
        found = 0
        for label in np.setdiff1d(np.unique(mask), [0]).tolist():
            number = cv2.connectedComponents((mask == label).astype(np.uint8))[0] - 1
            labels[label] += number
            found += number
        numbers.append(found)
    return labels, numbers


def test_classes_and_numbers_are_drawn_as_asked(bank: ObjectBank) -> None:
    labels, numbers = counted(paster(bank, {5: 1.0, 9: 3.0}, scale=(0.05, 0.1), max_objects=4, tries=30), 400)
    assert set(labels) == {5, 9}
    assert labels[9] / sum(labels.values()) == pytest.approx(0.75, abs=0.06)
    # 1 to 4, each as often; two that touch count as one.
    shares = np.bincount(numbers, minlength=5)[:5] / 400
    assert shares[0] == 0
    assert shares[1:] == pytest.approx([0.25] * 4, abs=0.09)


def test_the_probability_of_pasting(bank: ObjectBank) -> None:
    numbers = counted(paster(bank, p=0.3), 300)[1]
    assert np.mean(np.array(numbers) > 0) == pytest.approx(0.3, abs=0.09)


def test_sizes_are_drawn_evenly_and_go_with_the_photographs(tmp_path: Path) -> None:
    # Cut from a photograph of 200 pixels, pasted onto one of 400.
    bank = bank_of(tmp_path / "objects", [cutout(5, (50, 50), side=200)])
    paste, sides = paster(bank, scale=(0.5, 1.5), max_objects=1), []
    for seed in range(300):
        mask = np.zeros((400, 400), np.uint8)
        paste(np.zeros((400, 400, 3), np.uint8), mask, NOTHING, np.random.default_rng(seed))
        sides.append(cv2.boundingRect(mask)[2] / 100)
    assert min(sides) == pytest.approx(0.5, abs=0.04)
    assert max(sides) == pytest.approx(1.5, abs=0.04)
    assert np.mean(sides) == pytest.approx(1.0, abs=0.06)
    assert np.std(sides) == pytest.approx(1 / np.sqrt(12), abs=0.03)  # that of an even distribution of width 1


def test_no_object_becomes_too_small_or_larger_than_the_photograph(tmp_path: Path) -> None:
    bank = bank_of(tmp_path / "objects", [cutout(5, (40, 40), side=100)])
    mask = np.zeros((100, 100), np.uint8)
    paster(bank, scale=(0.01, 0.01), min_area=200, max_objects=1)(
        np.zeros((100, 100, 3), np.uint8), mask, NOTHING, np.random.default_rng(0)
    )
    assert (mask == 5).sum() == pytest.approx(200, rel=0.1)
    paster(bank, scale=(50, 50), max_objects=1)(
        np.zeros((30, 100, 3), np.uint8), mask := np.zeros((30, 100), np.uint8), NOTHING, np.random.default_rng(0)
    )
    assert cv2.boundingRect(mask)[1::2] == (0, 30)


def test_flips(tmp_path: Path) -> None:
    shape = np.zeros((10, 20), np.uint8)
    shape[:, :10], shape[5:, 10:] = 255, 255
    bank = bank_of(tmp_path / "objects", [Cutout(np.dstack((shape, shape, shape, shape)), 5, 90)])

    def heavy_left(flip: float, seed: int) -> bool:
        mask = np.zeros((90, 90), np.uint8)
        paster(bank, scale=(1, 1), flip=flip, max_objects=1)(
            np.zeros((90, 90, 3), np.uint8), mask, NOTHING, np.random.default_rng(seed)
        )
        columns = np.flatnonzero(mask.any(0))
        return bool((mask[:, columns[:10]] > 0).sum() > (mask[:, columns[10:]] > 0).sum())

    assert all(heavy_left(0, seed) for seed in range(20))
    assert not any(heavy_left(1, seed) for seed in range(20))
    assert 20 < sum(heavy_left(0.5, seed) for seed in range(80)) < 60


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), tries=st.integers(1, 12))
def test_the_place_of_least_overlap_is_taken(seed: int, tries: int) -> None:
    rng = np.random.default_rng(seed)
    occupied = (255 * (rng.random((12, 17)) < 0.6)).astype(np.uint8)
    shape = (255 * (rng.random((4, 5)) < 0.7)).astype(np.uint8)
    top, left = place(occupied, shape, tries, 0.0, np.random.default_rng(seed))
    corners = np.random.default_rng(seed).integers(0, [9, 13], (tries, 2)).tolist()
    overlaps = {(y, x): int(((occupied[y : y + 4, x : x + 5] > 0) & (shape > 0)).sum()) for y, x in corners}
    assert overlaps[top, left] == min(overlaps.values())


def test_the_centre_is_left_alone() -> None:
    occupied, shape = np.zeros((100, 200), np.uint8), np.full((10, 20), 255, np.uint8)

    def share_inside(keep_centre: float) -> float:
        places = [place(occupied, shape, 8, keep_centre, np.random.default_rng(seed)) for seed in range(200)]
        inside = [abs(top + 5 - 50) < 25 and abs(left + 10 - 100) < 50 for top, left in places]
        return float(np.mean(inside))

    # Half of the range of each side, of which a tenth is lost at the borders.
    assert share_inside(0.0) == pytest.approx((0.5 / 0.9) ** 2, abs=0.1)
    assert share_inside(0.5) <= 0.01


def test_objects_fill_the_whole_picture_where_they_must() -> None:
    full = np.full((6, 7), 255, np.uint8)
    assert place(full, full, 3, 0.9, np.random.default_rng(0)) == (0, 0)


@pytest.fixture
def part(make_coco: Callable[..., Path], cache: Path) -> TrainingPart:
    source = Source(str(make_coco({"train": 8, "val": 2})), cache_dir=str(cache))
    split = source.prepare(Split.TRAIN)
    return TrainingPart(split, np.arange(8), source.class_of(split.index), source.table.names, cache)


def test_opening_says_what_there_is(part: TrainingPart, caplog: Any) -> None:
    with caplog.at_level("INFO"):
        opened = CopyPaste(
            {"Metal": 1, "Battery": 2.0, "Glass": None, "Paper": 0}, not_onto={"Plastic bag": True, "Paper": False}
        ).open(part, "mix.rare")
    assert opened.not_onto == [8]
    assert set(opened.bank.labels.tolist()) <= {4, 9}
    assert "mix.rare: " in caplog.text
    assert " of Metal" in caplog.text
    assert "Glass" not in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"classes": {"Metall": 1.0}},
            r"mix\.rare\.classes: the data set has no class 'Metall'; .*Metall: null.* Did you mean Metal",
        ),
        (
            {"classes": {"Metal": 1.0}, "not_onto": {"Bag": True}},
            r"mix\.rare\.not_onto: the data set has no class 'Bag'",
        ),
        ({"classes": {"Metal": 1.0}, "min_area": 10**6}, "no whole object of Metal has 1000000 pixels"),
        ({"classes": {}}, "no whole object of any class"),
    ],
)
def test_what_the_data_lacks_is_a_config_error(part: TrainingPart, options: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CopyPaste(**options).open(part, "mix.rare")


@pytest.mark.parametrize(
    "options",
    [
        {"p": 2},
        {"flip": -1},
        {"max_objects": 0},
        {"max_objects": 2.5},
        {"tries": 0},
        {"scale": [2, 1]},
        {"scale": [0, 1]},
        {"keep_centre": 2},
    ],
    ids=str,
)
def test_wrong_options_are_config_errors(options: Any) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} of CopyPaste"):
        CopyPaste({"Metal": 1.0}, **options)
    with pytest.raises(ConfigError, match=r"classes\.Metal of CopyPaste=-1"):
        CopyPaste({"Metal": -1})
