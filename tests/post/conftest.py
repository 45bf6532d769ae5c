"""Photographs and probabilities to process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch

Scene = tuple[np.ndarray, torch.Tensor]


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Scene]:
    """Make a photograph (H, W, 3) of coloured patches and doubtful probabilities (K, H, W) of what they are."""

    def make(seed: int, size: tuple[int, int] = (12, 10), num_classes: int = 4, **noise: Any) -> Scene:
        rng = np.random.default_rng(seed)
        patches = cv2.resize(
            rng.integers(0, num_classes, (3, 3), np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST
        )
        colors = rng.integers(0, 256, (num_classes, 3))
        image = colors[patches] + rng.normal(0, noise.get("color", 8), (*size, 3))
        logits = rng.normal(0, noise.get("logits", 1), (num_classes, *size))
        np.put_along_axis(logits, patches[None].astype(np.int64), 2.0, 0)
        return image.clip(0, 255).astype(np.uint8), torch.from_numpy(logits).float().softmax(0)

    return make
