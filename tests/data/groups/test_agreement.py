"""Comparing two pictures by their points."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from trashseg.data.groups.agreement import Agreement, View, common_movement, compare, match

Prints = Callable[..., np.ndarray]


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_those_of_a_brute_force_matcher(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(60, 16)).astype(np.float32)
    second = rng.normal(size=(55, 16)).astype(np.float32)
    second[:30] = first[:30] + 0.4 * second[:30]
    first, second = (255 * each / np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second))
    best: dict[int, tuple[float, int]] = {}
    for one, other in cv2.BFMatcher(cv2.NORM_L2).knnMatch(first, second, 2):
        if one.distance < 0.85 * other.distance:
            best[one.trainIdx] = min(best.get(one.trainIdx, (np.inf, -1)), (one.distance, one.queryIdx))
    found = match(first, second)
    assert set(zip(*map(list, found), strict=True)) == {(query, train) for train, (_, query) in best.items()}
    assert len(found[0]) > 10


def places(rng: np.random.Generator, count: int) -> np.ndarray:
    rows = [rng.uniform(0, 256, count), rng.uniform(0, 200, count), rng.uniform(1, 4, count), rng.uniform(-3, 3, count)]
    return np.column_stack(rows).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_movement_is_found_among_strangers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = places(rng, 60), places(rng, 60)
    turn, zoom, shift = rng.uniform(-3, 3), rng.uniform(0.6, 1.5), rng.uniform(-40, 40, 2)
    rotation = zoom * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    end[:20, :2] = start[:20, :2] @ rotation + shift + rng.normal(0, 0.5, (20, 2))
    end[:20, 2], end[:20, 3] = start[:20, 2] * zoom, start[:20, 3] + turn + rng.normal(0, 0.05, 20)
    follows, matrix = common_movement(start, end)
    assert follows[:20].all()
    assert follows[20:].sum() <= 1
    assert matrix is not None
    np.testing.assert_allclose(matrix[:2], rotation, atol=0.05)


def test_strangers_make_no_common_movement() -> None:
    rng = np.random.default_rng(9)
    assert max(common_movement(places(rng, 40), places(rng, 40))[0].sum() for _ in range(50)) < 6


def test_copies_agree_wholly_and_others_do_not(prints_of: Prints, picture: Prints) -> None:
    image, other = picture(0), picture(1)
    small = cv2.resize(image[20:, 30:], None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    prints = prints_of([image, np.rot90(small), small[:, ::-1], other])
    first = View.of(prints[0])
    for second in (View.of(prints[1]), View.of(prints[2], mirrored=True)):
        found = compare(first, second)
        assert found.points > 30
        assert found.spread > 0.5
        assert found.likeness > 0.97
    for second in (View.of(prints[2]), View.of(prints[3]), View.of(prints[3], mirrored=True)):
        assert compare(first, second).points < 8


def test_a_part_in_common_agrees_over_that_part_alone(prints_of: Prints, picture: Prints) -> None:
    one, other = picture(2), picture(3)
    other[40:104, 60:124] = one[100:164, 20:84]
    found = compare(*(View.of(each) for each in prints_of([one, other])))
    assert found.points >= 8
    assert 0.005 < found.spread < 64 * 64 / one[..., 0].size
    assert found.likeness < 0.5


def test_plain_pictures_are_compared_as_a_whole(prints_of: Prints) -> None:
    y, x = np.mgrid[:100, :100]
    slope, round_ = 50 + x * 1.2 + y * 0.3, 200 - np.hypot(x - 50, y - 30)
    grey = [
        np.repeat(each[..., None], 3, axis=2).astype(np.uint8) for each in (slope, round_, np.full_like(slope, 80.0))
    ]
    prints = prints_of([grey[0], np.rot90(grey[0])[:, ::-1] // 2 + 60, grey[1], grey[2], grey[2]])
    views = [View.of(each) for each in prints]
    assert compare(views[0], View.of(prints[1], mirrored=True)).likeness > 0.99
    assert compare(views[0], views[2]).likeness < 0.9
    assert compare(views[3], views[4]) == Agreement()
