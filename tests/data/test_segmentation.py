from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from trashseg.data.problems import BadEntry
from trashseg.data.segmentation import decode_counts, read_segmentation

GOOD = [5.0, 5, 30, 5, 30, 30]
NAN, INF = float("nan"), float("inf")


def runs_of(mask: np.ndarray) -> list[int]:
    """Count runs in the plainest way: column-major, background first."""
    runs = [len(list(run)) for _, run in itertools.groupby(mask.T.ravel().tolist())]
    return [0, *runs] if mask[0, 0] else runs


@pytest.mark.parametrize("seed", range(20))
def test_decoding_equals_the_runs_that_pycocotools_encoded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 90, 2).tolist()
    # Long and short runs: differences of both signs, and numbers of several characters.
    mask = np.repeat(rng.random((height, width)) < rng.random(), rng.integers(1, 40), axis=1)
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert decode_counts(encoded["counts"]).tolist() == runs_of(mask.astype(int))
    assert decode_counts(encoded["counts"].decode()).tolist() == runs_of(mask.astype(int))


def test_decoding_large_numbers() -> None:
    mask = np.zeros((4000, 3000), np.uint8)
    mask[100:3900, 7] = 1
    mask[5, 2990] = 1
    encoded = coco_mask.encode(np.asfortranarray(mask))
    counts = decode_counts(encoded["counts"])
    assert counts.tolist() == [7 * 4000 + 100, 3800, 100 + 2982 * 4000 + 5, 1, 4000 * 10 - 6]


@pytest.mark.parametrize("text", ["~~", " 1", "o", "1o", "o" * 20 + "0"])
def test_undecodable_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"character|inside|long"):
        decode_counts(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "missing or empty"),
        ([], "missing or empty"),
        ("1 2 3", "is a str"),
        (5, "is a int"),
        ([5, 5, 30, 5, 30, 30], "polygon must be"),
        ([[]], "has 0 points"),
        ([[5, 5, 30, 5]], "has 2 points"),
        ([[1, 1], [2, 2, 3, 3]], "has 2 points"),
        ([[5, 5, 30, 5, 30, 30, 7]], "odd number"),
        ([GOOD, [5, 5, 30, 5, 30, 30, 7]], "odd number"),
        ([["5", "5", "30", "5", "30", "30"]], "'5'"),
        ([[5, 5, 30, 5, None, 30]], "None"),
        ([[5, 5, 30, 5, True, 30]], "True"),
        ([[5, 5, 30, 5, [30], 30]], "not a number"),
        ([[5, 5, 30, 5, NAN, 30]], "NaN"),
        ([[5, 5, 30, 5, INF, 30]], "infinity"),
        ([[5, 5, 30, 5, 10**400, 30]], "infinity"),
        ([GOOD, [NAN, 1]], "NaN"),
        ([[500, 500, 600, 500, 600, 600]], "wholly outside"),
        ([[-90, 5, -70, 5, -70, 30]], "wholly outside"),
        ([[5, 5, 30, 5, 1e9, 30]], "far outside"),
        ([[5, -1e308, 30, 5, 1e308, 30]], "far outside"),
        ({}, "size None"),
        ({"size": [60, 40], "counts": [2400]}, r"\[60, 40\]"),
        ({"size": [40, 60]}, "counts are missing"),
        ({"size": [40, 60], "counts": 2400}, "counts are a int"),
        ({"size": [40, 60], "counts": [2399]}, "sum to 2399"),
        ({"size": [40, 60], "counts": [2400, 1]}, "sum to 2401"),
        ({"size": [40, 60], "counts": []}, "sum to 0"),
        ({"size": [40, 60], "counts": [2500, -100]}, "negative"),
        ({"size": [40, 60], "counts": [2399.5, 0.5]}, "whole number"),
        ({"size": [40, 60], "counts": ["2400"]}, "'2400'"),
        ({"size": [40, 60], "counts": [NAN, 2400]}, "NaN"),
        ({"size": [40, 60], "counts": [1e308, 1e308]}, "sum to inf"),
        ({"size": [40, 60], "counts": ""}, "sum to 0"),
        ({"size": [40, 60], "counts": "o"}, "decoded"),
        ({"size": [40, 60], "counts": "종이"}, "decoded"),
    ],
)
def test_bad_segmentations_are_refused(value: Any, said: str) -> None:
    with pytest.raises(BadEntry, match=said) as caught:
        read_segmentation(value, 40, 60)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "value",
    [
        [GOOD],
        [[-3, -3, 63, -3, 63, 43]],  # slightly outside
        [[59.5, 5, 60.5, 5, 60.5, 9]],  # a sliver at the border
        [[5, 5, 5, 5, 5, 5]],  # nothing inside
        [[5, 5, 6, 5, 6, 6, 5, 6]],
        {"size": [40, 60], "counts": [0, 2400]},
        {"size": [40, 60], "counts": [2400]},
        {"size": [40.0, 60.0], "counts": [2400.0]},
    ],
)
def test_good_segmentations_pass(value: Any) -> None:
    assert read_segmentation(value, 40, 60).parts


def test_remnants_beside_good_parts_are_dropped_silently() -> None:
    segment = read_segmentation([[1, 1, 2, 2], GOOD, [], [3, 3]], 40, 60)
    assert [part.tolist() for part in segment.parts] == [GOOD]
    assert segment.num_points == 4  # the order by points goes by the file, not by what is painted


def test_area() -> None:
    assert read_segmentation([GOOD, [0, 0, 10, 0, 10, 10, 0, 10]], 40, 60).area() == 25 * 25 / 2 + 100
    assert read_segmentation({"size": [40, 60], "counts": [10, 20, 30, 40, 2300]}, 40, 60).area() == 60
