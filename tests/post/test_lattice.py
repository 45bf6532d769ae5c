"""The permutohedral lattice against a plain one with dictionaries, and against the Gaussian it stands for."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
import torch

from trashseg.post.lattice import Lattice
from trashseg.types import ConfigError


def points(seed: int, dim: int, count: int = 60, spread: float = 1.5) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (dim, count)).astype(np.float32)


def corners_of(point: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    """Return the lattice points around a point (d + 1,) of the plane, by trying all simplices, with their weights."""
    dim = len(point) - 1
    base = np.floor(point / (dim + 1)) * (dim + 1)
    canonical = [np.array([k] * (dim + 1 - k) + [k - dim - 1] * k) for k in range(dim + 1)]
    for shift in itertools.product((0, dim + 1), repeat=dim + 1):
        zero = base + np.array(shift)
        if zero.sum() != 0:
            continue
        for order in itertools.permutations(range(dim + 1)):
            corners = np.stack([zero + corner[list(order)] for corner in canonical])
            system = np.vstack([corners.T, np.ones(dim + 1)])
            weights = np.linalg.lstsq(system, np.append(point, 1.0), rcond=None)[0]
            if weights.min() > -1e-9:
                return [(tuple(map(int, c)), w) for c, w in zip(corners, weights.tolist(), strict=True)]
    raise AssertionError("a point must lie in a simplex")


def plain_filter(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Splat, blur and slice with a dictionary of lattice points."""
    dim = len(features)
    scaled = features.astype(float) * (dim + 1) * math.sqrt(2 / 3)
    basis = np.zeros((dim + 1, dim))
    for k in range(dim):
        basis[: k + 1, k], basis[k + 1, k] = 1, -(k + 1)
    basis /= np.sqrt((np.arange(dim) + 1) * (np.arange(dim) + 2))
    around = [corners_of(point) for point in (basis @ scaled).T]
    table: dict[tuple[int, ...], float] = defaultdict(float)
    for corners, value in zip(around, values.tolist(), strict=True):
        for key, weight in corners:
            table[key] += weight * value
    for axis in range(dim + 1):
        step = -np.ones(dim + 1, int)
        step[axis] = dim
        ends = [{key: table.get(tuple(np.array(key) + s * step), 0.0) for key in table} for s in (1, -1)]
        table = {key: value + 0.5 * (ends[0][key] + ends[1][key]) for key, value in table.items()}
    scale = 1 / (1 + 2**-dim)
    return np.array([scale * sum(weight * table[key] for key, weight in corners) for corners in around])


@pytest.mark.parametrize(("dim", "seed"), [(1, 0), (2, 1), (3, 2)])
def test_against_a_plain_lattice(dim: int, seed: int) -> None:
    features = points(seed, dim)
    values = np.random.default_rng(seed).random(features.shape[1]).astype(np.float32)
    found = Lattice(torch.from_numpy(features)).filter(torch.from_numpy(values)[:, None])[:, 0]
    np.testing.assert_allclose(found.numpy(), plain_filter(features, values), rtol=2e-4)


@pytest.mark.parametrize("dim", [2, 5])
def test_approaches_the_gaussian(dim: int) -> None:
    features = points(7, dim, 3000, spread=1.0)
    values = torch.from_numpy(np.random.default_rng(8).random((features.shape[1], 3)).astype(np.float32))
    distance = np.square(features[:, :, None] - features[:, None]).sum(0)
    exact = np.exp(-distance / 2) @ values.numpy()
    found = Lattice(torch.from_numpy(features)).filter(values).numpy()
    mean = found / found.mean(0) * exact.mean(0)  # the lattice's constant factor cancels out in the CRF
    assert np.abs(mean - exact).mean() / exact.mean() < 0.12


def test_columns_do_not_mix_and_sums_are_linear() -> None:
    lattice = Lattice(torch.from_numpy(points(9, 5, 200)))
    values = torch.rand(200, 4, generator=torch.Generator().manual_seed(0))
    together = lattice.filter(values)
    alone = torch.cat([lattice.filter(column[:, None].contiguous()) for column in values.T], 1)
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(lattice.filter(2 * values + 1), 2 * together + lattice.filter(torch.ones(200, 4)))


def test_deviations_that_are_too_small() -> None:
    with pytest.raises(ConfigError, match="too small"):
        Lattice(torch.from_numpy(points(1, 5)) * 1e6)
