"""The mode filter against plain loops over pixels."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.majority import mode_filter
from trashseg.types import IGNORE_INDEX

VALUES = np.array([0, 1, 2, 7, IGNORE_INDEX], np.uint8)


def slow_mode(mask: np.ndarray, size: int) -> np.ndarray:
    result, half = mask.copy(), size // 2
    for y, x in np.ndindex(*mask.shape):
        if mask[y, x] == IGNORE_INDEX:
            continue
        window = mask[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
        counts = Counter(value for value in window.ravel().tolist() if value != IGNORE_INDEX)
        most = max(counts.values())
        winners = sorted(value for value, count in counts.items() if count == most)
        result[y, x] = mask[y, x] if mask[y, x] in winners else winners[0]
    return result


@given(seed=st.integers(0, 10_000), size=st.sampled_from([3, 5, 15]))
@settings(max_examples=25, deadline=None)
def test_mode_filter_against_counting(seed: int, size: int) -> None:
    mask = np.random.default_rng(seed).choice(VALUES, (13, 17), p=[0.4, 0.3, 0.15, 0.1, 0.05])
    np.testing.assert_array_equal(mode_filter(mask, size), slow_mode(mask, size))
