"""Crops that look where the trash is, and crops of many scales."""

from __future__ import annotations

from typing import Any

import albumentations
import cv2
import numpy as np
import pytest

from trashseg.data.augment import Augment
from trashseg.data.transforms import MultiScaleCrop, ObjectCrop
from trashseg.types import IGNORE_INDEX, ConfigError

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


def ramp(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return an image whose red and green say the column and the row, and a mask of 8 x 8 blocks."""
    rows, columns = np.indices(shape)
    image = np.stack([columns, rows, np.full(shape, 255)], axis=2).astype(np.uint8)
    return image, ((rows // 8 + columns // 8) % 7).astype(np.uint8)


@pytest.mark.parametrize("zoom", [0.5, 1.0, 1.7, 3.0])
def test_a_multi_scale_crop_has_the_scale_that_was_asked_for(zoom: float) -> None:
    image, mask = ramp((120, 160))
    augment = Augment({"crop": MultiScaleCrop(size=(64, 80), base=90, zoom=(zoom, zoom), fill_mask=IGNORE_INDEX)})
    scale = zoom * 90 / 120
    for index in range(20):
        new_image, new_mask = augment(image, mask, (0, 0, index))
        assert new_image.shape == (64, 80, 3)
        inside = new_image[..., 2] == 255
        assert np.array_equal(inside, new_mask != IGNORE_INDEX)
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        assert (len(rows), len(columns)) == (min(64, round(120 * scale)), min(80, round(160 * scale)))
        part = new_image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
        steps = np.diff(part[..., 0], axis=1).mean(), np.diff(part[..., 1], axis=0).mean()
        assert steps == pytest.approx((1 / scale, 1 / scale), rel=0.05)
        # The mask is the photograph's at the place that the image's colours name.
        named = mask[part[..., 1].round().astype(int), part[..., 0].round().astype(int)]
        found = new_mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        square = np.ones((3, 3), np.uint8)
        inner = cv2.erode(found, square) == cv2.dilate(found, square)
        assert inner.mean() > 0.1
        assert np.array_equal(named[inner], found[inner])


def test_the_window_and_the_margin_lie_anywhere() -> None:
    image, mask = ramp((120, 160))
    for zoom in (0.4, 2.0):
        augment = Augment({"crop": MultiScaleCrop(size=(64, 64), base=120, zoom=(zoom, zoom))})
        assert len({augment(image, mask, (0, 0, index))[0].tobytes() for index in range(100)}) > 15


def share(mask: np.ndarray) -> float:
    counts = np.bincount(mask[mask != IGNORE_INDEX], minlength=2)
    return float(counts.max() / counts.sum())


def test_windows_of_one_class_are_drawn_again() -> None:
    """A tenth of the photograph is an object: with the cap most windows hold a fair part of it."""
    mask = np.zeros((200, 200), np.uint8)
    mask[40:100, 60:120] = 3
    common: dict[str, Any] = {"size": (60, 60), "base": 200, "zoom": (1.0, 1.0)}
    plain, capped = (crops(mask, MultiScaleCrop(**common, max_share=cap), 200) for cap in (1.0, 0.75))
    shares = [np.mean([share(new) < 0.75 for new in news]) for news in (plain, capped)]
    assert shares[0] < 0.25
    assert shares[1] > 0.75
    # The cap alone never fails: where no window meets it, the last one is taken.
    assert len(crops(np.full_like(mask, 2), MultiScaleCrop(**common, max_share=0.5), 5)) == 5


def test_ignored_pixels_do_not_count_for_the_cap() -> None:
    """Of two halves, each of one class beside ignored pixels, no window is mixed; the seam between them is."""
    mask = np.full((64, 256), IGNORE_INDEX, np.uint8)
    mask[::8, :128], mask[::8, 128:] = 1, 2
    capped = crops(mask, MultiScaleCrop(size=(64, 64), base=64, zoom=(1.0, 1.0), max_share=0.9, tries=50), 60)
    assert all({1, 2} <= set(np.unique(new).tolist()) for new in capped)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zoom", (0, 1)),
        ("zoom", (2, 1)),
        ("size", (0, 4)),
        ("base", 0),
        ("max_share", 0),
        ("max_share", 2),
        ("tries", 0),
    ],
)
def test_numbers_without_sense_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"crop: .*{name}="):
        MultiScaleCrop(**{"size": (8, 8), "base": 8, name: value})
