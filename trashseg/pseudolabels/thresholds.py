"""How sure a pixel must be to get a label, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.types import ConfigError, did_you_mean

Floats = npt.NDArray[np.float64]

NUM_BINS = 1000
"""Bins of the confidences 0..1."""
USUAL = 0.9
"""The threshold of classes that a mapping does not name."""
SHARES = "shares"


def fixed_thresholds(value: Any, classes: Sequence[str]) -> Floats:
    """Return thresholds (K,) from one confidence, or from name -> confidence.

    Raises:
        ConfigError: a class does not exist, or a value is no confidence.
    """
    if not isinstance(value, Mapping):
        return np.full(len(classes), check_share(value, "threshold"))
    thresholds = np.full(len(classes), USUAL)
    for name, own in value.items():
        if name not in classes:
            raise ConfigError(f"threshold names {name}, which is no class. {did_you_mean(str(name), classes)}")
        thresholds[list(classes).index(name)] = check_share(own, f"threshold.{name}")
    return thresholds


def matched_thresholds(histogram: npt.NDArray[np.int64], shares: Floats, keep: float, least: float) -> Floats:
    """Return thresholds (K,) that give each class its share of the annotated pixels.

    With one threshold for all, the classes that a network is sure of crowd out the rare ones (Zou, Yu, Kumar and Wang,
    "Unsupervised Domain Adaptation for Semantic Segmentation via Class-Balanced Self-Training", ECCV 2018).

    Args:
        histogram: pixels by predicted class and confidence (K, ``NUM_BINS``).
        shares: of the annotated pixels (K,), summing to 1.
        keep: how much of all pixels to label, 0..1; a class with too few sure pixels gets less.
        least: no threshold is lower, 0..1.
    """
    wanted = shares * keep * histogram.sum()
    # Pixels at least so sure, for every bin; the lowest bin whose count does not exceed what is wanted.
    at_least = histogram[:, ::-1].cumsum(1)[:, ::-1]
    fits = at_least <= wanted[:, None]
    first = np.where(fits.any(1), fits.argmax(1), NUM_BINS)
    thresholds: Floats = np.maximum(first / NUM_BINS, least)
    return thresholds


def histogram_of(confidence: npt.NDArray[np.float32], ids: npt.NDArray[np.uint8], num_classes: int) -> Any:
    """Return pixels by predicted class and confidence (K, ``NUM_BINS``), int64.

    Args:
        confidence: probability of the predicted class (H, W), 0..1.
        ids: that class (H, W).
        num_classes: K.
    """
    bins = np.minimum((confidence * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    cells = np.bincount((ids * np.int64(NUM_BINS) + bins).ravel(), minlength=num_classes * NUM_BINS)
    return cells.reshape(num_classes, NUM_BINS)


def check_share(value: Any, key: str) -> float:
    """Return a share 0..1.

    Raises:
        ConfigError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(f"{key}={value} is not between 0 and 1; give {key}=0.9, say.")
    return float(value)
