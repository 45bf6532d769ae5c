"""Noise from the bank has the library's distribution."""

from __future__ import annotations

import random
from typing import Any

import albumentations
import numpy as np
import pytest

from trashseg.data.transforms import GaussNoise
from trashseg.data.transforms.noise import BANK, bank

SETTINGS: dict[str, Any] = {"std_range": (0.05, 0.05), "mean_range": (0.02, 0.02), "p": 1.0}


def noises(transform: Any, count: int, level: int = 120) -> np.ndarray:
    """Return what the transform adds to pictures of one grey level, (count, 64, 64, 3)."""
    image = np.full((64, 64, 3), level, np.uint8)
    found = []
    for seed in range(count):
        transform.set_random_state(np.random.default_rng(seed), random.Random(seed))
        found.append(transform(image=image)["image"].astype(float) - level)
    return np.array(found)


@pytest.mark.parametrize("level", [120, 5, 250])
def test_levels_are_the_librarys(level: int) -> None:
    """Also where pixels are clipped."""
    ours, library = noises(GaussNoise(**SETTINGS), 60, level), noises(albumentations.GaussNoise(**SETTINGS), 60, level)
    assert ours.mean() == pytest.approx(library.mean(), abs=0.1)
    assert ours.std() == pytest.approx(library.std(), rel=0.01)
    levels = np.arange(-45, 46)
    shares = [np.searchsorted(np.sort(one.ravel()), levels) / one.size for one in (ours, library)]
    assert np.abs(shares[0] - shares[1]).max() < 0.005


def test_pixels_channels_and_pictures_are_independent() -> None:
    found = noises(GaussNoise(**SETTINGS), 40)
    found -= found.mean()
    variance = (found**2).mean()
    assert abs((found[:, :, 1:] * found[:, :, :-1]).mean() / variance) < 0.01
    assert abs((found[:, 1:] * found[:, :-1]).mean() / variance) < 0.01
    assert abs((found[..., 1:] * found[..., :-1]).mean() / variance) < 0.01
    flat = found.reshape(40, -1)
    between = np.corrcoef(flat)[np.triu_indices(40, 1)]
    # As for independent numbers: mean 0, deviation 1 / sqrt(n), none far off.
    assert abs(between.mean()) < 0.002
    assert between.std() == pytest.approx(flat.shape[1] ** -0.5, rel=0.15)
    assert np.abs(between).max() < 5 * flat.shape[1] ** -0.5


def test_the_strength_is_drawn_from_its_range() -> None:
    found = noises(GaussNoise(std_range=(0.02, 0.08), p=1.0), 150).std(axis=(1, 2, 3)) / 255
    assert found.min() > 0.018
    assert found.max() < 0.082
    assert found.mean() == pytest.approx(0.05, abs=0.005)


def test_the_same_noise_gives_the_librarys_pixels() -> None:
    """The noise's fraction is cut off, pixels are clipped."""
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (50, 70, 3), np.uint8)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    for std, mean in ((20.0, 3.0), (-8.0, -30.0), (90.0, 0.0)):
        ours = GaussNoise(p=1.0).apply(image, noise=noise, std=std, mean=mean)
        library = albumentations.GaussNoise(p=1.0).apply(image, noise_map=noise * std + mean)
        np.testing.assert_array_equal(ours, library)


def test_one_noise_for_all_channels() -> None:
    found = noises(GaussNoise(per_channel=False, p=1.0), 3)
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    assert found[..., 0].std() > 5


def test_what_the_bank_cannot_serve_goes_the_librarys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, library = (kind(noise_scale_factor=0.5, p=1.0) for kind in (GaussNoise, albumentations.GaussNoise))
    np.testing.assert_array_equal(noises(ours, 2), noises(library, 2))
    monkeypatch.setattr("trashseg.data.transforms.noise.BANK", 1000)
    np.testing.assert_array_equal(noises(GaussNoise(p=1.0), 2), noises(albumentations.GaussNoise(p=1.0), 2))


def test_the_bank_is_standard_normal() -> None:
    numbers = bank()
    assert numbers.shape == (BANK,)
    assert abs(numbers.mean()) < 0.002
    assert numbers.std() == pytest.approx(1, abs=0.002)
