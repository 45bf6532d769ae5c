"""Shadow with the library's pixels, fog with its strength and shape; quarter turns."""

from __future__ import annotations

import random
from typing import Any

import albumentations
import numpy as np
import pytest

from trashseg.data.transforms import RandomFog, RandomRotate90, RandomShadow


def draw(transform: Any, image: np.ndarray, seed: int) -> np.ndarray:
    transform.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return np.asarray(transform(image=image)["image"])


def test_shadows_are_the_librarys() -> None:
    settings = {"num_shadows_limit": (1, 4), "shadow_intensity_range": (0.1, 0.9), "shadow_roi": (0, 0, 1, 1), "p": 1.0}
    rng = np.random.default_rng(0)
    for seed in range(10):
        image = rng.integers(0, 256, (70, 90, 3), np.uint8)
        ours = draw(RandomShadow(**settings), image, seed)
        np.testing.assert_array_equal(ours, draw(albumentations.RandomShadow(**settings), image, seed))
        assert not np.array_equal(ours, image)


@pytest.mark.parametrize("fog", [0.3, 0.6, 0.9])
def test_fog_is_as_thick_as_the_librarys(fog: float) -> None:
    image = np.full((128, 160, 3), 90, np.uint8)
    settings = {"fog_coef_range": (fog, fog), "p": 1.0}
    ours, library = (
        np.mean([draw(kind(**settings), image, seed).astype(float) for seed in range(count)], axis=0)[..., 0]
        for kind, count in ((RandomFog, 40), (albumentations.RandomFog, 8))
    )
    assert ours.mean() == pytest.approx(library.mean(), abs=5)
    middle = slice(48, 80), slice(60, 100)
    assert ours[middle].mean() == pytest.approx(library[middle].mean(), abs=8)
    assert ours[middle].mean() > ours[:16].mean() + 2


def test_fog_lets_the_picture_show_through() -> None:
    rng = np.random.default_rng(1)
    image = np.kron(rng.integers(0, 2, (8, 10, 1)) * 255, np.ones((16, 16, 3))).astype(np.uint8)
    foggy = draw(RandomFog(fog_coef_range=(0.5, 0.5), p=1.0), image, 0)
    assert foggy.shape == image.shape
    assert np.corrcoef(foggy.ravel(), image.ravel())[0, 1] > 0.8
    assert foggy[image == 0].mean() > 15
    odd = draw(RandomFog(p=1.0), image[:127, :99], 0)
    assert odd.shape == (127, 99, 3)


def test_quarter_turns_are_the_librarys() -> None:
    rng = np.random.default_rng(0)
    image, mask = rng.integers(0, 256, (31, 45, 3), np.uint8), rng.integers(0, 11, (31, 45), np.uint8)
    ours, library = RandomRotate90(p=1.0), albumentations.RandomRotate90(p=1.0)
    for turns in range(4):
        np.testing.assert_array_equal(ours.apply(image, factor=turns), library.apply(image, factor=turns))
        np.testing.assert_array_equal(ours.apply_to_mask(mask, factor=turns), library.apply_to_mask(mask, factor=turns))
