"""Crops that look where the trash is."""

from __future__ import annotations

import albumentations
import numpy as np
import pytest

from trashseg.data.augment import Augment
from trashseg.data.crop import ObjectCrop
from trashseg.types import IGNORE_INDEX

SIZE = (90, 130)


def crops(mask: np.ndarray, crop: albumentations.BasicTransform, count: int = 300) -> list[np.ndarray]:
    augment = Augment({"crop": crop})
    image = np.repeat(mask[..., None], 3, axis=2)
    pairs = [augment(image, mask, (0, 0, index)) for index in range(count)]
    for new_image, new_mask in pairs:
        assert new_image.shape == (*new_mask.shape, 3)
    return [new_mask for _, new_mask in pairs]


@pytest.mark.parametrize("corner", [(0, 0), (0, 118), (78, 0), (78, 118), (40, 60)])
def test_every_window_holds_the_only_object(corner: tuple[int, int]) -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[corner[0] : corner[0] + 12, corner[1] : corner[1] + 12] = 5
    # Windows smaller than the result: enlarging by nearest pixels loses none.
    masks = crops(mask, ObjectCrop(size=(64, 64), scale=(0.05, 0.2), p=1.0))
    assert all((new == 5).any() for new in masks)
    # The window's place still varies: it shows now more, now less of the object.
    assert len({int((new == 5).sum()) for new in masks}) > 50
    plain = crops(mask, albumentations.RandomResizedCrop(size=(64, 64), scale=(0.05, 0.2), p=1.0))
    assert not all((new == 5).any() for new in plain)


def test_small_classes_are_seen_as_often_as_large_ones() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[:, :60] = 2
    mask[40:44, 120:124] = 9
    masks = crops(mask, ObjectCrop(size=(48, 48), scale=(0.05, 0.1), p=1.0))
    share = np.mean([(new == 9).any() for new in masks])
    assert 0.4 < share < 0.65


@pytest.mark.parametrize("value", [0, IGNORE_INDEX])
def test_without_objects_it_is_the_plain_crop(value: int) -> None:
    mask = np.full(SIZE, value, np.uint8)
    mask[:5] = IGNORE_INDEX - value
    settings = {"size": (32, 32), "scale": (0.1, 0.9), "p": 1.0}
    ours = crops(mask, ObjectCrop(**settings), 20)
    plain = crops(mask, albumentations.RandomResizedCrop(**settings), 20)
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_array_equal(one, other)
