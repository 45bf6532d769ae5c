"""Images and small networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

Images = Callable[..., Tensor]


@pytest.fixture(scope="session")
def images() -> Images:
    """Random images from a seed."""
    return lambda seed, shape=(2, 3, 24, 40): torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="session")
def smooth() -> Callable[[int, int], Tensor]:
    """An image without sharp edges."""

    def make(height: int, width: int) -> Tensor:
        y, x = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 3, width), indexing="ij")
        return torch.stack([torch.sin(y), torch.cos(x), torch.sin(x + y)])[None] * 0.5 + 0.5

    return make


@pytest.fixture(scope="session")
def conv() -> Callable[[int], nn.Module]:
    """A network of one convolution with five classes."""

    def make(kernel: int) -> nn.Module:
        torch.manual_seed(kernel)
        return nn.Conv2d(3, 5, kernel, padding=kernel // 2).eval().requires_grad_(False)

    return make
