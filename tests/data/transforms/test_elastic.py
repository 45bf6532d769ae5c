"""The elastic field has the library's distribution, and the mask keeps its labels."""

from __future__ import annotations

import random
from typing import Any

import albumentations
import numpy as np
import pytest

from trashseg.data.transforms import ElasticTransform

SHAPE = (96, 128)


def fields(transform: Any, count: int) -> np.ndarray:
    """Return ``count`` displacements (count, 2, H, W) of fresh draws."""
    image = np.zeros((*SHAPE, 3), np.uint8)
    rows, columns = np.indices(SHAPE)
    found = []
    for seed in range(count):
        transform.set_random_state(np.random.default_rng(seed), random.Random(seed))
        maps = transform.get_params_dependent_on_data({"shape": image.shape}, {"image": image})
        found.append([maps["map_x"] - columns, maps["map_y"] - rows])
    return np.array(found)


def moments(field: np.ndarray, margin: int, lags: tuple[int, ...]) -> dict[str, float]:
    inner = field[..., margin:-margin, margin:-margin].astype(float)
    variance = (inner**2).mean()
    found = {"std": variance**0.5, "cross": (inner[:, 0] * inner[:, 1]).mean() / variance}
    found["kurtosis"] = (inner**4).mean() / variance**2
    for lag in lags:
        found[f"across {lag}"] = (inner[..., lag:] * inner[..., :-lag]).mean() / variance
        found[f"down {lag}"] = (inner[..., lag:, :] * inner[..., :-lag, :]).mean() / variance
    return found


@pytest.mark.parametrize(("sigma", "noise"), [(4, "gaussian"), (8, "gaussian"), (4, "uniform")])
def test_the_field_is_the_librarys(sigma: int, noise: str) -> None:
    settings = {"alpha": 200, "sigma": sigma, "noise_distribution": noise, "p": 1.0}
    lags = (sigma // 2, sigma, 2 * sigma)
    ours, library = (
        moments(fields(kind(**settings), 120), 3 * sigma, lags)
        for kind in (ElasticTransform, albumentations.ElasticTransform)
    )
    assert ours["std"] == pytest.approx(library["std"], rel=0.06)
    for name in set(ours) - {"std"}:
        assert ours[name] == pytest.approx(library[name], abs=0.15 if name == "kurtosis" else 0.08), name
    theory = {lag: np.exp(-(lag**2) / (4 * sigma**2)) for lag in lags}
    for lag in lags:
        assert ours[f"across {lag}"] == pytest.approx(theory[lag], abs=0.07)


def test_the_field_is_alike_everywhere() -> None:
    """Also at the border, where the library's is several times stronger."""
    settings = {"alpha": 200, "sigma": 6, "p": 1.0}
    ours, library = (fields(kind(**settings), 150) for kind in (ElasticTransform, albumentations.ElasticTransform))
    spread = ours.std(axis=0)
    assert spread.max() / spread.min() < 1.8  # the scatter of 150 draws
    assert library[:, 0, 0].std() > 2 * ours[:, 0, 0].std()


def test_the_strength_varies_as_the_librarys() -> None:
    """The library divides by the largest of its random numbers; so do we, from the law of that number."""
    transform = ElasticTransform(p=1.0)
    rng = np.random.default_rng(0)
    count = 2 * 60 * 80
    library = np.array([1 / np.abs(rng.standard_normal(count)).max() for _ in range(600)])
    ours = np.array([transform._noise(count) for _ in range(600)])
    assert ours.mean() == pytest.approx(library.mean(), rel=0.01)
    assert ours.std() == pytest.approx(library.std(), rel=0.15)


def test_one_field_for_both_axes_and_the_approximate_one() -> None:
    same = fields(ElasticTransform(alpha=200, sigma=6, same_dxdy=True, p=1.0), 3)
    np.testing.assert_allclose(same[:, 0], same[:, 1], atol=1e-3)
    ours, library = (
        fields(kind(alpha=200, sigma=6, approximate=True, p=1.0), 3)
        for kind in (ElasticTransform, albumentations.ElasticTransform)
    )
    np.testing.assert_array_equal(ours, library)


def test_a_known_field_gives_the_librarys_pixels() -> None:
    rng = np.random.default_rng(1)
    image, mask = rng.integers(0, 256, (*SHAPE, 3), np.uint8), rng.integers(0, 11, SHAPE, np.uint8)
    rows, columns = np.indices(SHAPE).astype(np.float32)
    maps = {"map_x": columns + rng.normal(0, 5, SHAPE).astype(np.float32), "map_y": rows + 7.3}
    settings = {"fill": (17, 18, 19), "fill_mask": 255, "p": 1.0}
    ours, library = ElasticTransform(**settings), albumentations.ElasticTransform(**settings)
    assert (ours.apply_to_mask(mask, **maps) == 255).any()
    np.testing.assert_array_equal(ours.apply_to_mask(mask, **maps), library.apply_to_mask(mask, **maps))
    difference = ours.apply(image, **maps).astype(int) - library.apply(image, **maps)
    assert np.abs(difference).max() <= 1  # OpenCV rounds three and four channels differently
