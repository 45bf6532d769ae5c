"""Affine warps, and those joined with an elastic displacement."""

from __future__ import annotations

import random
from typing import Any

import albumentations
import cv2
import numpy as np
import pytest

from trashseg.data.augment import Augment
from trashseg.data.transforms import Affine, ElasticTransform, fuse
from trashseg.data.transforms.remap import Bend, coordinates
from trashseg.data.transforms.warp import AffineElastic

SHAPE = (96, 128)
TURN: dict[str, Any] = {"rotate": (-40, 40), "scale": (0.7, 1.3), "shear": (-10, 10), "fill_mask": 255}
BEND: dict[str, Any] = {"alpha": 300, "sigma": 8, "fill_mask": 255}


def photograph(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (12, 16, 3), np.uint8)
    image = cv2.resize(coarse, SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    return image, np.kron(rng.integers(0, 11, (6, 8)), np.ones((16, 16))).astype(np.uint8)


def draw(transform: Any, seed: int) -> dict[str, Any]:
    transform.set_random_state(np.random.default_rng(seed), random.Random(seed))
    image, mask = photograph(seed)
    return dict(transform(image=image, mask=mask))


def test_the_map_is_the_sum_of_its_parts() -> None:
    rng = np.random.default_rng(0)
    bend = Bend(*(rng.normal(size=size).astype(np.float32) for size in ((96, 5), (5, 7), (5, 7), (7, 128))))
    matrix = rng.normal(size=(2, 3))
    map_x, map_y = coordinates(SHAPE, matrix, bend)
    rows, columns = np.indices(SHAPE).astype(float)
    x, y = columns + bend.rows @ bend.x @ bend.columns, rows + bend.rows @ bend.y @ bend.columns
    np.testing.assert_allclose(map_x, matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], atol=1e-2, rtol=1e-4)
    np.testing.assert_allclose(map_y, matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2], atol=1e-2, rtol=1e-4)


def test_an_affine_is_the_librarys() -> None:
    for seed in range(10):
        ours, library = draw(Affine(**TURN, p=1.0), seed), draw(albumentations.Affine(**TURN, p=1.0), seed)
        np.testing.assert_array_equal(ours["mask"], library["mask"])
        assert np.abs(ours["image"].astype(int) - library["image"]).max() <= 1


def test_joined_they_do_what_they_do_one_after_the_other() -> None:
    """Apart from a second interpolation, and from what left the frame between the two."""
    affine, elastic = Affine(**TURN, p=1.0), ElasticTransform(**BEND, p=1.0)
    for seed in range(10):
        joined = draw(AffineElastic(affine, elastic), seed)
        numbers = np.random.default_rng(seed), random.Random(seed)
        image, mask = photograph(seed)
        one_by_one = {"image": image, "mask": mask}
        for transform in (affine, elastic):
            transform.set_random_state(*numbers)
            one_by_one = transform(**one_by_one)
        assert np.mean(joined["mask"] == one_by_one["mask"]) > 0.93
        both = (joined["mask"] != 255) & (one_by_one["mask"] != 255)
        assert np.abs(joined["image"].astype(int) - one_by_one["image"])[both].mean() < 3
        assert both.mean() > 0.4


def test_each_keeps_its_own_probability() -> None:
    def untouched(turn: float, bend: float) -> int:
        transform = AffineElastic(Affine(**TURN, p=turn), ElasticTransform(**BEND, p=bend))
        results = [draw(transform, seed)["image"] for seed in range(100)]
        return sum(np.array_equal(result, photograph(seed)[0]) for seed, result in enumerate(results))

    assert untouched(0.0, 0.0) == 100
    assert untouched(1.0, 0.0) == untouched(0.0, 1.0) == 0
    assert 12 < untouched(0.5, 0.5) < 40


def test_neighbours_of_one_border_are_joined() -> None:
    affine, elastic, flip = Affine(**TURN), ElasticTransform(**BEND), albumentations.HorizontalFlip()
    assert [type(one) for one in fuse([flip, affine, elastic])] == [albumentations.HorizontalFlip, AffineElastic]
    for apart in ([affine, flip, elastic], [elastic, affine], [affine, ElasticTransform(fill_mask=0)]):
        assert fuse(apart) == apart
    assert fuse([albumentations.Affine(), elastic])[1] is elastic
    augment = Augment({"affine": affine, "elastic": elastic})
    assert list(augment.transforms) == ["affine", "elastic"]


@pytest.mark.parametrize("fit", [False, True])
def test_sizes_fit(fit: bool) -> None:
    transform = AffineElastic(Affine(**TURN, fit_output=fit, p=1.0), ElasticTransform(**BEND, p=1.0))
    result = draw(transform, 3)
    assert result["image"].shape == (*result["mask"].shape, 3)
    assert (result["mask"].shape == SHAPE) != fit
