"""Maps as a network gives them: smooth, mostly one class, some classes nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.store import StoreWriter

CLASSES = ("Background", "Paper", "Metal", "Glass", "Battery")
Draw = Callable[..., Tensor]


@pytest.fixture
def draw() -> Draw:
    """Return a function that gives probabilities (5, H, W); Battery has almost none anywhere."""

    def probs(seed: int = 0, size: tuple[int, int] = (37, 50), cell: int = 12, height: float = 4.0) -> Tensor:
        rng = torch.Generator().manual_seed(seed)
        coarse = (1, len(CLASSES), -(-size[0] // cell) + 1, -(-size[1] // cell) + 1)
        logits = F.interpolate(height * torch.randn(coarse, generator=rng), size, mode="bicubic")[0]
        logits[0] += 3
        logits[-1] -= 30
        return logits.softmax(0)

    return probs


@pytest.fixture
def write(tmp_path: Path, draw: Draw) -> Callable[..., Path]:
    """Return a function that writes the first ``count`` photographs of a store, or goes on with one."""

    def run(count: int = 4, name: str = "store", form: str = "probs", size: tuple[int, int] = (37, 50)) -> Path:
        with StoreWriter(tmp_path / name, CLASSES, form, {"checkpoint": "abc", "tta": {"scales": (0.5, 1.0)}}) as store:
            for seed in range(count):
                if f"{seed:02d}.jpg" not in store.names:
                    store.add(f"{seed:02d}.jpg", draw(seed, size))
        return tmp_path / name

    return run
