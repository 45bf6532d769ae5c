"""From probabilities to suspicion: confident learning on regions, and soft minima over photographs.

Sources: Northcutt, Jiang and Chuang, "Confident Learning", JAIR 2021 (thresholds of the classes, self-confidence); Lad
and Mueller, "Estimating label quality and errors in semantic segmentation data via any model", 2023 (soft minimum).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

TEMPERATURE = 0.1
"""Of the soft minimum, as in the paper: lower is nearer to the minimum."""

PRIOR = 5.0
"""A class's threshold counts the mean over all objects like this many objects, so that a rare one is no own measure."""


def thresholds(means: Floats, labels: Ints, background: Floats) -> Floats:
    """Return the self-confidence that is usual for each class, (K,), 0..1.

    Args:
        means: (R, K), mean probabilities of R regions.
        labels: (R,), their classes; 0 where nobody annotated the region, which decides nothing here.
        background: the mean probability of the background in each photograph, NaN where it has none.
    """
    objects = labels > 0
    own = means[objects, labels[objects]]
    count = np.bincount(labels[objects], minlength=means.shape[1])
    total = np.bincount(labels[objects], own, minlength=means.shape[1])
    usual = (total + PRIOR * (own.mean() if own.size else 0.0)) / (count + PRIOR)
    known = background[~np.isnan(background)]
    usual[0] = known.mean() if known.size else 1.0
    return usual


def suggestions(means: Floats, labels: Ints) -> Ints:
    """Return the likeliest class of each region but its label, (R,), of ``means`` (R, K)."""
    others = np.array(means, np.float64)
    others[np.arange(len(labels)), labels] = -1
    best: Ints = others.argmax(1)
    return best


def quality(means: Floats, labels: Ints, suggested: Ints, usual: Floats) -> Floats:
    """Return how far each label can be believed, (R,), 0..1; below .5 more speaks for the suggested class.

    The label's mean probability less that of the suggested class, each less what is ``usual`` (K,) for its class; from
    -2..2 brought to 0..1. A class that networks find hard is thus not suspected throughout.
    """
    rows = np.arange(len(labels))
    margin = (means[rows, labels] - usual[labels]) - (means[rows, suggested] - usual[suggested])
    scaled: Floats = (2 + margin) / 4
    return scaled


def soft_min(values: Floats) -> float:
    """Return the mean of ``values`` (n,), 0..1, weighted so that low ones decide; NaN where there is none."""
    if not values.size:
        return float("nan")
    weights = np.exp((values.min() - values) / TEMPERATURE, dtype=np.float64)
    return float(weights @ values / weights.sum())
