"""Points and their descriptions, against slow references."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from trashseg.data.groups import points
from trashseg.data.groups.points import find_points, mirror_descriptions, mirror_places

Picture = Callable[..., np.ndarray]


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def paired(found: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of points that lie in the same place and have the same scale."""
    off = np.linalg.norm(found[:, None, :2] - expected[:, :2], axis=2) + 100 * (found[:, None, 2] != expected[:, 2])
    here = np.flatnonzero(off.min(axis=1) < 0.3)
    return here, off.argmin(axis=1)[here]


def test_a_mirrored_picture_has_the_mirrored_points(picture: Picture) -> None:
    image = grey(picture(0))
    places, descriptions = find_points(image)
    there, expected = find_points(np.ascontiguousarray(image[:, ::-1]))
    mirrored = mirror_places(places, image.shape[1])
    here, other = paired(mirrored, there)
    assert len(here) > 0.8 * len(places) > 100
    turn = np.exp(1j * (mirrored[here, 3] - there[other, 3]))
    assert np.abs(np.angle(turn)).max() < 1e-3
    difference = np.abs(mirror_descriptions(descriptions)[here].astype(int) - expected[other])
    assert difference.mean() < 0.1
    np.testing.assert_array_equal(mirror_descriptions(mirror_descriptions(descriptions)), descriptions)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_descriptions_turn_with_the_picture(picture: Picture, quarters: int) -> None:
    image = grey(picture(1))
    places, descriptions = find_points(image)
    there, expected = find_points(np.ascontiguousarray(np.rot90(image, quarters)))
    x, y = places[:, 0], places[:, 1]
    for _ in range(quarters):
        x, y = y, image.shape[1] - 1 - x if _ % 2 == 0 else image.shape[0] - 1 - x
    here, other = paired(np.column_stack([x, y, places[:, 2]]), there)
    assert len(here) > 0.6 * len(places)
    turned = (there[other, 3] - places[here, 3] + quarters * np.pi / 2) / (2 * np.pi)
    assert np.median(np.abs(turned - np.rint(turned))) < 0.01
    assert np.abs(descriptions[here].astype(int) - expected[other]).mean() < 3


def test_descriptions_are_root_normalised_sums_of_signed_gradients() -> None:
    rng = np.random.default_rng(2)
    patches = rng.integers(0, 256, (5, 14, 14)).astype(np.float32)
    weights = points._WEIGHTS.reshape(12, 12, 4, 4)
    expected = np.zeros((5, 4, 4, 4))
    for p in range(5):
        for y in range(12):
            for x in range(12):
                dx = patches[p, y + 1, x + 2] - patches[p, y + 1, x]
                dy = patches[p, y + 2, x + 1] - patches[p, y, x + 1]
                for k, gradient in enumerate((dx, -dx, dy, -dy)):
                    expected[p, k] += max(gradient, 0) * weights[y, x]
    share = expected.reshape(5, -1) / expected.reshape(5, -1).sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(points._describe(patches), np.rint(255 * np.sqrt(share)))


def test_all_sums_are_exact_in_single_precision() -> None:
    assert (np.rint(points._WEIGHTS) == points._WEIGHTS).all()
    assert 2 * 255 * points._WEIGHTS.sum(axis=0).max() < 2**24
    assert 4 * 255 * points._BOX[0] ** 4 < 2**24, "one side of the gradient of a picture summed twice"
    assert sum(points._COUNTS) == points.NUM_POINTS


def test_an_empty_picture_has_no_points() -> None:
    places, descriptions = find_points(np.full((40, 60), 128, np.uint8))
    assert places.shape == (0, 4)
    assert descriptions.shape == (0, points.SIZE)


@pytest.mark.parametrize("size", [(1, 1), (1, 256), (5, 3), (256, 20)])
def test_any_size_of_picture_works(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    places, descriptions = find_points(image)
    assert len(places) == len(descriptions)
    assert (places[:, 0] < size[1]).all()
    assert (places[:, 1] < size[0]).all()
