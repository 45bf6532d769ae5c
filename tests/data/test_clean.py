"""Cleaning of masks against plain loops over pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.data.clean import Cleaning, repair_seams
from trashseg.data.source import Source
from trashseg.majority import mode_filter
from trashseg.types import IGNORE_INDEX, ConfigError, Split

VALUES = [0, 1, 2, 7, IGNORE_INDEX]


def random_mask(seed: int, shape: tuple[int, int] = (13, 17)) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array(VALUES, np.uint8), shape, p=[0.4, 0.3, 0.15, 0.1, 0.05])


@pytest.mark.parametrize("width", [1, 2])
def test_seams_are_closed_from_both_sides(width: int) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[4:16, 3:12], mask[4:16, 12 + width : 25] = 1, 2
    repaired = repair_seams(mask)
    assert (repaired[5:15, 3:25] > 0).all()
    assert repaired[10, 12] == 1
    assert repaired[10, 11 + width] == (1 if width == 1 else 2)
    outside = np.ones_like(mask, bool)
    outside[4:16, 3:25] = False
    assert (repaired[outside] == 0).all(), "nothing grows outwards"
    np.testing.assert_array_equal(repaired[mask > 0], mask[mask > 0])


def test_wider_gaps_and_margins_stay() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[1:19, 2:12], mask[1:19, 15:29] = 1, 2
    np.testing.assert_array_equal(repair_seams(mask), mask)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_cleaning_keeps_ignored_pixels_and_invents_no_class(seed: int) -> None:
    mask = random_mask(seed)
    for cleaning in (Cleaning(seam_repair=True), Cleaning(mode_filter=5), Cleaning(True, 3)):
        cleaned = cleaning(mask)
        np.testing.assert_array_equal(cleaned == IGNORE_INDEX, mask == IGNORE_INDEX)
        assert set(np.unique(cleaned)) <= set(np.unique(mask))
        assert cleaned.dtype == np.uint8


def test_nothing_asked_is_nothing_done() -> None:
    assert not Cleaning()
    mask = random_mask(0)
    assert Cleaning()(mask) is mask


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.mode_filter=4"):
        Cleaning(mode_filter=4)


def test_only_training_masks_are_cleaned(data: Any, cache: Path) -> None:
    data.write()
    options: dict[str, Any] = {"val": data.json.name, "cache_dir": str(cache)}
    plain, cleaned = (Source(str(data.root), **options, **extra) for extra in ({}, {"mode_filter": 5}))
    raw = [plain.prepare(Split.TRAIN).mask(i) for i in range(4)]
    smooth = cleaned.prepare(Split.TRAIN)
    for i, mask in enumerate(raw):
        np.testing.assert_array_equal(smooth.mask(i), mode_filter(mask, 5))
        np.testing.assert_array_equal(cleaned.prepare(Split.VAL).mask(i), mask)
    assert any((smooth.mask(i) != mask).any() for i, mask in enumerate(raw))
    counted = [(smooth.mask(i) == 1).sum() for i in range(4)]
    assert smooth.class_pixels[:, 1].tolist() == counted
