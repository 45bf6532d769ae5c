"""Pictures and masks whose transforms are easy to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from trashseg.data.device import BatchAugment
from trashseg.data.sampling import SampleKey

Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def pictures() -> Callable[..., list[Pair]]:
    """Return soft pictures (H, W, 3), on which interpolations differ little, and masks (H, W) of round blots."""

    def make(count: int = 1, size: tuple[int, int] = (120, 120), seed: int = 0) -> list[Pair]:
        rng = np.random.default_rng(seed)
        found = []
        for _ in range(count):
            coarse = rng.integers(0, 256, (5, 5, 3), np.uint8)
            image = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
            mask = np.zeros(size, np.uint8)
            for value in (3, 7, 10, 255):
                centre = rng.integers(20, 100, 2).tolist()
                cv2.circle(mask, centre, int(rng.integers(10, 25)), value, -1)
            found.append((image, mask))
        return found

    return make


@pytest.fixture
def run() -> Callable[..., list[Pair]]:
    """Return a function that applies named transforms of the device to pictures and masks of one size."""

    def apply(transforms: dict[str, Any], pairs: list[Pair], seed: int = 0) -> list[Pair]:
        augment = BatchAugment(transforms)
        image = torch.from_numpy(np.stack([image for image, _ in pairs])).permute(0, 3, 1, 2)
        masks = torch.from_numpy(np.stack([mask for _, mask in pairs]))[:, None]
        keys = [SampleKey(position, 0) for position in range(len(pairs))]
        new, moved = augment(image, masks, augment.draw(keys, seed, pairs[0][1].shape))
        return list(zip(new.permute(0, 2, 3, 1).numpy(), moved[:, 0].numpy(), strict=True))

    return apply
