"""Photometric distortion against the steps of the original, one by one."""

from __future__ import annotations

import random
from typing import Any

import cv2
import numpy as np
import pytest

from trashseg.data.transforms import PhotometricDistortion
from trashseg.types import ConfigError


def picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (96, 64), interpolation=cv2.INTER_CUBIC)


def convert(image: np.ndarray, alpha: float = 1, beta: float = 0) -> np.ndarray:
    return np.clip(image.astype(np.float64) * alpha + beta, 0, 255).astype(np.uint8)


def original(image: np.ndarray, drawn: dict[str, Any]) -> np.ndarray:
    """Do each step on the whole image, saturation and hue each with its own way to HSV and back."""
    if drawn["shift"] is not None:
        image = convert(image, beta=drawn["shift"])
    if drawn["contrast_first"] and drawn["contrast"] is not None:
        image = convert(image, alpha=drawn["contrast"])
    for name in ("saturation", "turn"):
        if drawn[name] is None:
            continue
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        if name == "saturation":
            hsv[..., 1] = convert(hsv[..., 1], alpha=drawn[name])
        else:
            hsv[..., 0] = (hsv[..., 0].astype(int) + drawn[name]) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if not drawn["contrast_first"] and drawn["contrast"] is not None:
        image = convert(image, alpha=drawn["contrast"])
    return image


def drawn(transform: PhotometricDistortion, seed: int) -> dict[str, Any]:
    transform.set_random_state(np.random.default_rng(seed), random.Random(seed))
    return transform.get_params()


def test_pixels_are_those_of_the_original() -> None:
    transform = PhotometricDistortion(p=1.0)
    exact = both = 0
    for seed in range(120):
        image, values = picture(seed), drawn(transform, seed)
        difference = np.abs(transform.apply(image, **values).astype(int) - original(image, values))
        if values["saturation"] is None or values["turn"] is None:
            assert difference.max() == 0
            exact += 1
        else:  # one way to 8-bit HSV and back less
            assert difference.mean() < 1.5
            both += 1
    assert exact > 60
    assert both > 15


def test_values_are_drawn_as_in_the_original() -> None:
    transform = PhotometricDistortion(p=1.0)
    values = [drawn(transform, seed) for seed in range(2000)]
    for name, low, high in (("shift", -32, 32), ("contrast", 0.5, 1.5), ("saturation", 0.5, 1.5), ("turn", -18, 17)):
        found = np.array([one[name] for one in values if one[name] is not None])
        assert len(found) == pytest.approx(1000, abs=80)
        assert low <= found.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < found.max() <= high
        assert found.mean() == pytest.approx((low + high) / 2, abs=0.05 * (high - low))
    assert np.mean([one["contrast_first"] for one in values]) == pytest.approx(0.5, abs=0.05)
    due = np.array([[one[name] is not None for name in ("shift", "contrast", "saturation", "turn")] for one in values])
    assert np.abs(np.corrcoef(due.T) - np.eye(4)).max() < 0.1


def test_nothing_due_changes_nothing() -> None:
    none = {"shift": None, "contrast": None, "saturation": None, "turn": None, "contrast_first": True}
    image = picture(0)
    np.testing.assert_array_equal(PhotometricDistortion(p=1.0).apply(image, **none), image)
    still = PhotometricDistortion(brightness=0, contrast=(1, 1), saturation=(1, 1), hue=0, p=1.0)
    for seed in range(20):
        values = drawn(still, seed)
        assert np.abs(still.apply(image, **values).astype(int) - image).mean() < 2  # HSV in 8 bits and back


@pytest.mark.parametrize("wrong", [{"contrast": (1.5, 0.5)}, {"saturation": (-1, 1)}, {"hue": 91}, {"brightness": -1}])
def test_limits_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="photometric: "):
        PhotometricDistortion(**wrong)
