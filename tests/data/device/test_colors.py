"""Colours and holes are the library's, for the same parameters."""

from __future__ import annotations

from collections.abc import Callable

import albumentations
import cv2
import numpy as np
import pytest

from trashseg.data.device import GridDropout, HueSaturationValue, RandomBrightnessContrast
from trashseg.data.device.base import Numbers
from trashseg.data.sampling import SampleKey

Pair = tuple[np.ndarray, np.ndarray]


def every_color() -> np.ndarray:
    """Return an image of 64 x 64 with grey, black, white, full colours and 4,000 others."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), np.uint8)
    image[0] = np.arange(64, dtype=np.uint8)[:, None] * 4
    corners = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, 8).T
    image[1, :8] = corners
    image[2, :32, 1] = image[2, :32, 0]  # two channels alike
    return image


@pytest.mark.parametrize(("brightness", "contrast"), [(0.2, -0.25), (-0.25, 0.25), (0.0, 0.1)])
def test_brightness_and_contrast_are_the_librarys(
    run: Callable[..., list[Pair]], brightness: float, contrast: float
) -> None:
    image, mask = every_color(), np.zeros((64, 64), np.uint8)
    limits = {"brightness_limit": (brightness, brightness), "contrast_limit": (contrast, contrast)}
    usual = albumentations.RandomBrightnessContrast(**limits, p=1)(image=image)["image"]
    ((new, _),) = run({"light": RandomBrightnessContrast(**limits, p=1)}, [(image, mask)])
    # The library cuts fractions off, here they are rounded.
    assert set(np.unique(new.astype(int) - usual)) <= {0, 1}


def hsv_by_opencv(image: np.ndarray, hue: float, saturation: float, value: float) -> np.ndarray:
    """Shift without rounding on the way: OpenCV's HSV of floats, in degrees and shares."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    coloured = hsv[..., 1] > 0
    hsv[..., 0] = (hsv[..., 0] + 2 * hue) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] + saturation / 255, 0, 1) * coloured
    hsv[..., 2] = np.clip(hsv[..., 2] + value / 255, 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255


@pytest.mark.parametrize("shifts", [(12, 25, 20), (-12, -25, -20), (90, 0, 0), (-45.5, 60, -30), (0, 0, 200)])
def test_hue_saturation_and_value_are_the_librarys(
    run: Callable[..., list[Pair]], shifts: tuple[float, float, float]
) -> None:
    image, mask = every_color(), np.zeros((64, 64), np.uint8)
    hue, saturation, value = ((shift, shift) for shift in shifts)
    ((new, _),) = run({"hsv": HueSaturationValue(hue, saturation, value, p=1)}, [(image, mask)])
    assert np.abs(new - hsv_by_opencv(image, *shifts)).max() < 1
    assert (new[0] == new[0, :, :1]).all(), "grey stays grey"
    usual = albumentations.HueSaturationValue(hue, saturation, value, p=1)(image=image)["image"]
    difference = np.abs(new.astype(int) - usual)
    # The library rounds hues to two degrees, which is up to eight levels of a full colour.
    assert difference.mean() < 2.5
    assert np.quantile(difference, 0.99) <= 9


def test_the_limits_are_drawn_as_the_library_draws_them() -> None:
    numbers = [Numbers.of(3, SampleKey(i, 0)) for i in range(1000)]
    hsv, light = HueSaturationValue(12, 25, 20), RandomBrightnessContrast((-0.1, 0.3), 0.25)
    for leaf, limits in (
        (hsv, {"hue_shift": (-12, 12), "sat_shift": (-25, 25), "val_shift": (-20, 20)}),
        (light, {"factor": (0.75, 1.25), "shift": (-25.5, 76.5)}),
    ):
        drawn = [leaf.draw(one, (8, 8)) for one in numbers]
        assert set(drawn[0]) == set(limits)
        for name, (low, high) in limits.items():
            places = np.sort([(one[name] - low) / (high - low) for one in drawn])
            # Kolmogorov and Smirnov: larger in one of a million.
            assert np.abs(places - np.linspace(0, 1, 1000)).max() < 0.085, name


def test_holes_are_the_librarys(pictures: Callable[..., list[Pair]], run: Callable[..., list[Pair]]) -> None:
    ((image, mask),) = pictures(size=(70, 95))
    ours = GridDropout(ratio=0.4, holes_number_xy=(3, 4), p=1)
    ((new, moved),) = run({"holes": ours}, [(image, mask)])
    usual = albumentations.GridDropout(ratio=0.4, holes_number_xy=(3, 4), random_offset=True, p=1)
    numbers = Numbers.of(0, SampleKey(0, 0))
    ours.chosen(numbers)
    usual.set_random_state(*numbers)
    drawn = usual.get_params_dependent_on_data({"shape": image.shape}, {})
    assert len(drawn["holes"]) == 12
    np.testing.assert_array_equal(new, usual.apply(image, **drawn))
    np.testing.assert_array_equal(moved, mask)


def test_each_sample_has_its_own(pictures: Callable[..., list[Pair]], run: Callable[..., list[Pair]]) -> None:
    pair = pictures()[0]
    for transform in (HueSaturationValue(p=1), RandomBrightnessContrast(p=1), GridDropout(p=1)):
        assert len({new.tobytes() for new, _ in run({"one": transform}, [pair] * 6)}) == 6
