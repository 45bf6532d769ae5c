"""What is lost: the errors that the forms state, against float maps and formulas in numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from trashseg.store import FORMS, StoreWriter, open_store
from trashseg.store.forms import find_form
from trashseg.types import ConfigError

SIZES = [(37, 50), (64, 64), (3, 5), (1, 1)]
Draw = Callable[..., Tensor]


def there_and_back(folder: Path, form: str, probs: Tensor) -> Tensor:
    with StoreWriter(folder, [f"class {k}" for k in range(len(probs))], form, {}) as store:
        store.add("a", probs)
    return open_store(folder).probs("a")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_full_size_keeps_every_class_and_half_a_step(
    tmp_path: Path, draw: Draw, seed: int, size: tuple[int, int]
) -> None:
    probs = draw(seed, size, height=1.0)
    found = there_and_back(tmp_path, "probs", probs)
    assert found.dtype == torch.float32
    assert torch.equal(found.argmax(0), probs.argmax(0))
    # Rounded by numpy; only a winner that shared its level may lie one step higher.
    rounded = np.floor(probs.numpy() * np.float32(254) + np.float32(0.5))
    steps = np.rint(found.numpy() * 254) - rounded
    shared = (rounded == rounded.max(0)).sum(0) > 1
    winner = np.arange(5)[:, None, None] == probs.numpy().argmax(0)
    np.testing.assert_array_equal(steps, (winner & shared).astype(float))
    assert np.abs(found.numpy() - probs.numpy())[~(winner & shared)].max() <= 0.5 / 254 + 1e-6
    assert (found.sum(0) - 1).abs().max() <= (5 + 2) / 508


def test_the_winner_of_a_tie_keeps_it() -> None:
    # 2000 pixels where the two highest of 254 classes differ by a tenth of a step; some hold level 254 alone.
    rng = torch.Generator().manual_seed(0)
    probs = torch.rand(254, 2, 1000, generator=rng).pow(8)
    first, second = torch.rand(254, 2, 1000, generator=rng).topk(2, dim=0).indices
    best = probs.amax(0, keepdim=True)
    probs.scatter_(0, second[None], best * 1.5).scatter_(0, first[None], best * 1.5 + 4e-4)
    probs[:, 0, :5] = torch.eye(254)[:, :5]
    levels, _ = FORMS["probs"].quantise(probs / probs.sum(0))
    assert torch.equal(levels.argmax(0)[1], first[1])
    assert (levels == levels.amax(0)).sum(0).max() == 1
    assert levels[:, 0, :5].amax() == 254


@pytest.mark.parametrize("size", SIZES)
def test_coarse_levels_are_within_half_a_level_of_the_corrected_means(draw: Draw, size: tuple[int, int]) -> None:
    probs = draw(1, size)
    levels, scale = FORMS["coarse"].quantise(probs)
    assert levels.shape[1:] == (-(-size[0] // 4), -(-size[1] // 4))
    assert 0 < scale <= 8
    assert int(levels[-1].max()) == 0  # Battery is nowhere above 1/255
    kept = levels[:-1].numpy().astype(np.float64)
    assert kept.min() >= 1
    expected = corrected_means(np.log(np.maximum(probs[:-1].double().numpy(), np.exp(-8))))
    assert np.abs((kept - 1) * scale / 254 - scale - expected).max() <= scale / 508 + 1e-5
    assert scale == pytest.approx(-expected.min(), abs=1e-5)


def corrected_means(logs: np.ndarray) -> np.ndarray:
    """Return block means (C, h, w) of ``logs`` (C, H, W), plus those of what enlarging them misses, within -8..0."""
    rows, columns = (block_matrix(side) for side in logs.shape[1:])
    up_rows, up_columns = (enlarging_matrix(side) for side in logs.shape[1:])
    coarse = rows @ logs @ columns.T
    missed = logs - up_rows @ coarse @ up_columns.T
    return np.clip(coarse + rows @ missed @ columns.T, -8, 0)


def block_matrix(side: int) -> np.ndarray:
    """Return the matrix (h, H) that averages row i's share of H rows: from floor(i H / h) to ceil((i + 1) H / h)."""
    cells = -(-side // 4)
    matrix = np.zeros((cells, side))
    for i in range(cells):
        first, last = i * side // cells, -(-(i + 1) * side // cells)
        matrix[i, first:last] = 1 / (last - first)
    return matrix


def enlarging_matrix(side: int) -> np.ndarray:
    """Return the matrix (H, h) of linear interpolation between the cells' centres, constant beyond the outer ones."""
    cells = -(-side // 4)
    places = np.clip((np.arange(side) + 0.5) * cells / side - 0.5, 0, cells - 1)
    low = np.minimum(places.astype(int), max(cells - 2, 0))
    matrix = np.zeros((side, cells))
    np.add.at(matrix, (np.arange(side), low), 1 - (places - low))
    np.add.at(matrix, (np.arange(side), np.minimum(low + 1, cells - 1)), places - low)
    return matrix


@pytest.mark.parametrize("size", SIZES)
def test_coarse_reads_as_the_softmax_of_enlarged_levels(tmp_path: Path, draw: Draw, size: tuple[int, int]) -> None:
    probs = draw(2, size)
    found = there_and_back(tmp_path, "coarse", probs)
    levels, scale = FORMS["coarse"].quantise(probs)
    up_rows, up_columns = (enlarging_matrix(side) for side in size)
    logs = up_rows @ (levels[:-1].double().numpy() * scale / 254) @ up_columns.T
    expected = np.exp(logs) / np.exp(logs).sum(0)
    np.testing.assert_allclose(found[:-1].numpy(), expected, atol=1e-5)
    assert not found[-1].any()


def test_smooth_maps_lose_little(tmp_path: Path, draw: Draw) -> None:
    probs = draw(3, (256, 256), cell=32)
    found = there_and_back(tmp_path, "coarse", probs)
    assert (found.argmax(0) != probs.argmax(0)).float().mean() < 0.002
    assert (found - probs).abs().mean() < 0.002


@pytest.mark.parametrize("form", FORMS)
def test_one_sure_class_and_half_precision(tmp_path: Path, form: str) -> None:
    probs = torch.zeros(3, 9, 9, dtype=torch.float16)
    probs[1] = 1
    assert torch.equal(there_and_back(tmp_path, form, probs), probs.float())


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(ConfigError, match=r"save=prob is no form of predictions\. Did you mean probs\?"):
        find_form("prob")
