"""Vectors of texture and colour, against loops."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from trashseg.data.groups.fingerprint import FINGERPRINT
from trashseg.data.groups.vectors import colour_vectors, how_unusual, nearest, texture_vectors, typical_points

Prints = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def prints(prints_of: Prints, picture: Prints) -> np.ndarray:
    return prints_of([picture(seed, (96, 128)) for seed in range(6)] + [np.full((50, 50, 3), 90, np.uint8)])


def cosines(vectors: np.ndarray) -> np.ndarray:
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return units @ units.T


def test_texture_is_a_normalised_sum_of_residuals(prints: np.ndarray) -> None:
    words = typical_points(prints)
    assert words.shape == (16, 64)
    expected = np.zeros((len(prints), 16, 64))
    for row, each in zip(expected, prints, strict=True):
        for point in each["descriptions"][: each["count"]].astype(float):
            word = np.linalg.norm(words - point, axis=1).argmin()
            row[word] += point - words[word]
    expected /= np.maximum(np.linalg.norm(expected, axis=2, keepdims=True), 1)
    found = texture_vectors(prints, words)
    assert not found[-1].any()
    np.testing.assert_allclose(cosines(found), cosines(expected.reshape(len(prints), -1)), atol=2e-3)


def test_mirrored_texture_is_that_of_the_mirrored_picture(prints_of: Prints, picture: Prints) -> None:
    pictures = [picture(seed, (96, 128)) for seed in range(5)]
    prints, turned = prints_of(pictures), prints_of([each[:, ::-1] for each in pictures])
    words = typical_points(prints)
    vectors = texture_vectors(prints, words, mirrored=True), texture_vectors(turned, words)
    assert np.diag(cosines(np.concatenate(vectors))[:5, 5:]).min() > 0.95


def test_colours_are_the_root_of_a_histogram() -> None:
    lab = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    sharp = [cv2.calcHist([each], [0, 1, 2], None, [6, 12, 12], [0, 258, 96, 168, 96, 168]) for each in lab]
    inside = [((each[..., 1:] >= 96) & (each[..., 1:] < 168)).all(axis=-1).sum() for each in lab]
    assert [each.sum() for each in sharp] == inside
    # Colours outside of the table's range count in its outermost bins.
    clipped = np.concatenate([lab[..., :1], np.clip(lab[..., 1:], 96, 167)], axis=-1)
    roots = [
        np.sqrt(cv2.calcHist([each], [0, 1, 2], None, [6, 12, 12], [0, 258, 96, 168, 96, 168])) for each in clipped
    ]
    np.testing.assert_allclose(cosines(colour_vectors(lab)), cosines(np.array(roots).reshape(3, -1)), atol=2e-3)


@pytest.mark.parametrize("count", [1, 3, 700])
def test_nearest_are_those_of_a_full_sort(count: int) -> None:
    rng = np.random.default_rng(count)
    one, other = (np.rint(rng.normal(0, 60, (600, 8))).astype(np.float32) for _ in range(2))
    products = (one @ other.T).astype(np.float64)
    np.fill_diagonal(products, -np.inf)
    expected = np.argsort(-products, axis=1, kind="stable")[:, : min(count, 599)]
    assert list(nearest(one, other, count)) == [(i, j) for i, row in enumerate(expected.tolist()) for j in row]


def test_how_unusual_counts_deviations_over_all_other_photographs() -> None:
    rng = np.random.default_rng(4)
    vectors = np.rint(rng.normal(0, 60, (50, 30))).astype(np.float32)
    first, second = rng.permutation(50)[:20].reshape(2, 10)
    products = vectors.astype(float) @ vectors.T.astype(float)
    for i, j, found in zip(first, second, how_unusual(vectors, first, second), strict=True):
        seen = [
            (products[i, j] - others.mean()) / others.std() for others in (np.delete(products[k], k) for k in (i, j))
        ]
        assert found == pytest.approx(min(seen))


def test_photographs_without_any_points_do_no_harm() -> None:
    prints = np.zeros(3, FINGERPRINT)
    texture = texture_vectors(prints, typical_points(prints))
    assert texture.shape == (3, 0)
    assert len(list(nearest(texture, texture, 1))) == 3
    np.testing.assert_array_equal(how_unusual(texture, np.array([0]), np.array([1])), [0])
