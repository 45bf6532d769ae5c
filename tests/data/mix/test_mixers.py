"""Mixers of a batch: every pixel brings its label with its colour, whatever is mixed."""

from __future__ import annotations

import copy
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.data.mix import ClassMix, CopyPaste, CutMix, Mix, MixUp, Mosaic, ObjectMix
from trashseg.data.mix.base import BatchMixer, Labelled
from trashseg.data.mix.cut import labels_in
from trashseg.types import IGNORE_INDEX, ConfigError

KEEP_PLACE = (CutMix(p=1), ClassMix(p=1), ClassMix(p=1, background=False), ObjectMix(p=1))
EXACT = (*KEEP_PLACE, Mosaic(p=1, shrink=1), Mosaic(p=1, margin=0, shrink=1))
names = {"ids": lambda mixer: type(mixer).__name__}


def code(mask: np.ndarray) -> np.ndarray:
    """A colour for every label, the ignored one included."""
    return np.where(mask == IGNORE_INDEX, 255, 20 * mask.astype(int)).astype(np.uint8)


def painted(rng: np.random.Generator, size: tuple[int, int], number: int, block: int = 4) -> Labelled:
    """Return blocks of some classes and ignored pixels, told by the image: label, photograph, place."""
    some = rng.choice([*range(11), IGNORE_INDEX], rng.integers(1, 6))
    mask = np.kron(rng.choice(some, (size[0] // block + 1, size[1] // block + 1)), np.ones((block, block), int))
    mask = mask[: size[0], : size[1]].astype(np.uint8)
    place = (np.arange(size[0])[:, None] * 31 + np.arange(size[1]) * 7) % 251
    return Labelled(np.stack((code(mask), np.full(size, number), place), axis=2).astype(np.uint8), mask)


def batch_of(seed: int, num: int, size: tuple[int, int] = (24, 36), block: int = 4) -> list[Labelled]:
    rng = np.random.default_rng(seed)
    return [painted(rng, size, number, block) for number in range(num)]


def labels(photographs: list[Labelled]) -> set[int]:
    return {value for one in photographs for value in np.unique(one.mask).tolist()}


batches = st.builds(
    batch_of,
    st.integers(0, 2**32),
    st.integers(2, 5),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(1, 9),
)


@pytest.mark.parametrize("mixer", EXACT, **names)
@settings(max_examples=30, deadline=None)
@given(batch=batches, seed=st.integers(0, 2**32))
def test_a_label_comes_from_where_the_colour_comes_from(mixer: BatchMixer, batch: list[Labelled], seed: int) -> None:
    before = copy.deepcopy(batch)
    mixed = mixer(batch, np.random.default_rng(seed))
    assert len(mixed) == len(batch)
    for one in mixed:
        assert one.image.shape == batch[0].image.shape
        assert one.image.dtype == one.mask.dtype == np.uint8
        # Hence, too, an ignored pixel stays ignored wherever it goes, and no class appears that no photograph had.
        assert np.array_equal(one.image[..., 0], code(one.mask))
    assert labels(mixed) <= labels(batch)
    for one, other in zip(batch, before, strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.mask, other.mask)
    again = mixer(batch, np.random.default_rng(seed))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(mixed, again, strict=True))


@pytest.mark.parametrize("mixer", KEEP_PLACE, **names)
@settings(max_examples=30, deadline=None)
@given(batch=batches, seed=st.integers(0, 2**32))
def test_parts_keep_their_place(mixer: BatchMixer, batch: list[Labelled], seed: int) -> None:
    for number, one in enumerate(mixer(batch, np.random.default_rng(seed))):
        assert np.array_equal(one.image[..., 2], batch[0].image[..., 2])
        sources = set(np.unique(one.image[..., 1]).tolist())
        assert len(sources - {number}) <= 1


@pytest.mark.parametrize("mixer", [*EXACT, Mosaic(p=1)], **names)
def test_what_is_not_mixed_is_not_touched(mixer: BatchMixer) -> None:
    batch = batch_of(0, 4)
    never = copy.copy(mixer)
    never.p = 0.0
    assert all(one is other for one, other in zip(never(batch, np.random.default_rng(0)), batch, strict=True))
    assert mixer(batch[:1], np.random.default_rng(0))[0] is batch[0]
    sometimes = copy.copy(mixer)
    sometimes.p = 0.25
    rng = np.random.default_rng(0)
    share = np.mean([one is other for _ in range(100) for one, other in zip(sometimes(batch, rng), batch, strict=True)])
    assert share == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize("mixer", [*KEEP_PLACE, Mosaic(p=1, shrink=1)], **names)
def test_every_other_photograph_may_be_the_partner(mixer: BatchMixer) -> None:
    batch, rng = batch_of(3, 4), np.random.default_rng(0)
    partners = {
        (own, int(value))
        for _ in range(40)
        for own, one in enumerate(mixer(batch, rng))
        for value in np.unique(one.image[..., 1])
    }
    assert {(a, b) for a in range(4) for b in range(4) if a != b} <= partners


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_cutmix_takes_one_rectangle(seed: int) -> None:
    batch = batch_of(seed, 2, (40, 60))
    one = CutMix(p=1)(batch, np.random.default_rng(seed))[0]
    rows, columns = np.nonzero(one.image[..., 1])
    if len(rows):
        assert len(rows) == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)


def test_cutmix_takes_one_minus_lam_of_the_picture() -> None:
    batch, rng = batch_of(0, 2, (100, 200)), np.random.default_rng(0)
    # A Beta distribution this narrow makes lam one half: sides of sqrt(1/2) where nothing sticks out.
    shapes = []
    for _ in range(60):
        taken = CutMix(p=1, alpha=1e6)(batch, rng)[0].image[..., 1] > 0
        shapes.append((taken.any(1).sum(), taken.any(0).sum()))
    assert np.max(shapes, 0).tolist() == pytest.approx([71, 141], abs=1)
    # The centre lies anywhere, so that half of a side sticks out at most.
    assert np.min(shapes, 0).tolist() == pytest.approx([35, 71], abs=5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), background=st.booleans())
def test_classmix_takes_half_of_the_partners_classes(seed: int, background: bool) -> None:
    own, other = batch_of(seed, 2)
    mixed = ClassMix(p=1, background=background)([own, other], np.random.default_rng(seed))[0]
    taken = mixed.image[..., 1] == 1
    present = set(np.unique(other.mask).tolist()) - {IGNORE_INDEX} - (set() if background else {0})
    chosen = set(np.unique(other.mask[taken]).tolist())
    assert chosen <= present
    assert len(chosen) == (len(present) + 1) // 2
    # All pixels of a chosen class, and nothing else.
    assert np.array_equal(taken, np.isin(other.mask, list(chosen)))
    assert np.array_equal(mixed.mask, np.where(taken, other.mask, own.mask))


def test_classmix_chooses_every_class_alike() -> None:
    present, rng = np.array([0, 2, 5, 9]), np.random.default_rng(0)
    own, other = batch_of(4, 2, (40, 40))
    batch = [own, other._replace(mask=rng.choice([*present, IGNORE_INDEX], other.mask.shape).astype(np.uint8))]
    times = np.zeros(256)
    for _ in range(300):
        mixed = ClassMix(p=1)(batch, rng)[0]
        times[np.unique(mixed.mask[mixed.image[..., 1] == 1])] += 1
    expected = 300 * ((len(present) + 1) // 2) / len(present)
    assert np.abs(times[present] - expected).max() < 5 * np.sqrt(300 / 4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_object_mix_takes_all_objects(seed: int) -> None:
    own, other = batch_of(seed, 2)
    mixed = ObjectMix(p=1)([own, other], np.random.default_rng(seed))[0]
    taken = (other.mask != 0) & (other.mask != IGNORE_INDEX)
    assert np.array_equal(mixed.mask, np.where(taken, other.mask, own.mask))
    assert np.array_equal(mixed.image, np.where(taken[..., None], other.image, own.image))


def test_mosaic_shows_four_photographs_around_a_point() -> None:
    batch, rng = batch_of(0, 6, (64, 96)), np.random.default_rng(0)
    points = []
    for _ in range(50):
        number = Mosaic(p=1, shrink=1)(batch, rng)[2].image[..., 1]
        assert 2 in number
        assert len(np.unique(number)) == 4
        row, column = int(np.argmax(number[:, 0] != number[0, 0])), int(np.argmax(number[0] != number[0, 0]))
        for window in (np.s_[:row, :column], np.s_[:row, column:], np.s_[row:, :column], np.s_[row:, column:]):
            assert len(np.unique(number[window])) == 1
        points.append((row / 64, column / 96))
    assert 0.24 <= np.min(points) < 0.3
    assert 0.7 < np.max(points) <= 0.76


@pytest.mark.parametrize("shrink", [1.5, 2.0, 4.0])
def test_mosaic_shrinks_image_and_mask_alike(shrink: float) -> None:
    batch, rng = batch_of(5, 4, (96, 128), 24), np.random.default_rng(1)
    square, seen = np.ones((5, 5), np.uint8), 0
    for _ in range(10):
        for one in Mosaic(p=1, shrink=shrink)(batch, rng):
            inner = (cv2.erode(one.mask, square) == cv2.dilate(one.mask, square)) & (one.mask != IGNORE_INDEX)
            # Not where two photographs meet, nor at the picture's own border.
            source = one.image[..., 1]
            inner &= cv2.erode(source, square) == cv2.dilate(source, square)
            inner[:2], inner[-2:], inner[:, :2], inner[:, -2:] = False, False, False, False
            assert np.abs(one.image[..., 0].astype(int) - code(one.mask))[inner].max(initial=0) <= 1
            seen += int(inner.sum())
    assert seen > 10 * 4 * 96 * 128 * 0.2
    assert labels(Mosaic(p=1, shrink=shrink)(batch, rng)) <= labels(batch)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), num=st.integers(2, 5))
def test_mixup_is_the_papers_formula(seed: int, num: int) -> None:
    batch = batch_of(seed, num)
    mixed, second = MixUp(p=1, alpha=1.0)(batch, np.random.default_rng(seed))
    assert second is not None
    assert 0 <= second.lam <= 1
    for own, one, other_mask in zip(batch, mixed, second.masks, strict=True):
        assert one.mask is own.mask
        (other,) = (photograph for photograph in batch if photograph.mask is other_mask)
        assert other is not own
        exact = second.lam * own.image.astype(float) + (1 - second.lam) * other.image
        assert np.abs(one.image - exact).max() <= 0.5 + 1e-4
    # Each photograph is the partner of one other.
    assert len({id(mask) for mask in second.masks}) == num


def test_mixups_lam_is_beta_distributed() -> None:
    batch, rng = batch_of(0, 2, (4, 4)), np.random.default_rng(0)
    lams = [found.lam for _ in range(2000) if (found := MixUp(p=1, alpha=0.4)(batch, rng)[1])]
    assert np.mean(lams) == pytest.approx(0.5, abs=0.03)
    assert np.var(lams) == pytest.approx(1 / (4 * (2 * 0.4 + 1)), rel=0.05)  # the variance of Beta(a, a)
    assert MixUp(p=0)(batch, rng)[1] is None
    assert MixUp(p=1)(batch[:1], rng)[1] is None


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.integers(0, 255), min_size=1, max_size=30))
def test_labels_in(values: list[int]) -> None:
    assert labels_in(np.array([values], np.uint8)) == sorted(set(values))


def test_mixers_follow_each_other_and_mixup_comes_last() -> None:
    batch = batch_of(2, 4)
    mix = Mix({"mixup": MixUp(p=1, alpha=1.0), "first": CutMix(p=1), "second": ObjectMix(p=1), "off": None})
    assert mix.mixes_batches
    mixed, second = mix.batch(batch, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    expected, lam = MixUp(p=1, alpha=1.0)(ObjectMix(p=1)(CutMix(p=1)(batch, rng), rng), rng)
    assert second is not None
    assert lam is not None
    assert second.lam == lam.lam
    assert all(np.array_equal(one.image, other.image) for one, other in zip(mixed, expected, strict=True))
    assert all(np.array_equal(one, other) for one, other in zip(second.masks, lam.masks, strict=True))


def test_no_mixers() -> None:
    batch = batch_of(2, 3)
    assert not Mix().mixes_batches
    assert not Mix({"paste": CopyPaste({"Metal": 1.0})}).mixes_batches
    mixed, second = Mix({"cutmix": None}).batch(batch, np.random.default_rng(0))
    assert second is None
    assert all(one is other for one, other in zip(mixed, batch, strict=True))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Mix({"cutmix": 3}), r"mix\.cutmix=3 is no mixer; give mix\.cutmix=null"),
        (lambda: Mix({"a": MixUp(), "b": MixUp()}), "two of MixUp"),
        (lambda: CutMix(p=1.5), "p of CutMix=1.5"),
        (lambda: CutMix(alpha=0), "alpha of CutMix=0"),
        (lambda: MixUp(p=-1), "p of MixUp=-1"),
        (lambda: MixUp(alpha=float("nan")), "alpha of MixUp=nan"),
        (lambda: Mosaic(margin=0.6), "margin of Mosaic=0.6"),
        (lambda: Mosaic(shrink=0.5), "shrink of Mosaic=0.5"),
        (lambda: ObjectMix(p="x"), "p of ObjectMix=x"),  # type: ignore[arg-type]
        (lambda: ClassMix(p=True), "p of ClassMix=True"),
    ],
)
def test_wrong_options_are_config_errors(make: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
