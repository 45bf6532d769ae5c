"""Photographs of made-up views."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from trashseg.ttasearch.cache import Photograph
from trashseg.ttasearch.sampling import photograph

Made = Callable[..., list[tuple[np.ndarray, np.ndarray]]]


@pytest.fixture(scope="session")
def made() -> Made:
    """Levels (V, K, P) and targets (P,) of N photographs, with many ties where ``steps`` is small."""

    def make(num=3, views=4, classes=5, pixels=60, steps=256, seed=0):
        rng = np.random.default_rng(seed)
        found = []
        for _ in range(num):
            target = rng.integers(classes, size=pixels).astype(np.uint8)
            target[rng.random(pixels) < 0.1] = 255
            own = 0.5 * rng.random((views, classes, pixels)) + 0.5 * rng.random((1, classes, pixels))
            found.append(((own * (steps - 1)).round().astype(np.uint8), target))
        return found

    return make


@pytest.fixture(scope="session")
def as_photographs() -> Callable[..., list[Photograph]]:
    """What the cache would keep of them."""
    return lambda pairs: [
        photograph(str(i), torch.from_numpy(levels), torch.from_numpy(target))
        for i, (levels, target) in enumerate(pairs)
    ]
