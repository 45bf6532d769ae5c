"""The labels of an ensemble: of all networks, and for each fold of those that never saw its photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor
from tqdm import tqdm

from trashseg.ensembling.mixture import Mixture
from trashseg.ensembling.panel import Panel
from trashseg.ensembling.record import Record
from trashseg.maps import sure_and_class
from trashseg.pseudolabels.coco import PseudoFile
from trashseg.pseudolabels.labelling import label
from trashseg.pseudolabels.thresholds import (
    NUM_BINS,
    SHARES,
    check_share,
    fixed_thresholds,
    histogram_of,
    matched_thresholds,
)
from trashseg.store import Store
from trashseg.types import IGNORE_INDEX

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """What gets a label.

    Args:
        threshold: ``shares``, a confidence, or class name -> confidence.
        keep: with ``shares``: how much of all pixels to label, at most.
        least: with ``shares``: the lowest threshold.
        min_area: smaller regions are ignored, share of the photograph.

    Raises:
        ConfigError: a value is out of its range.
    """

    threshold: Any = SHARES
    keep: float = 0.7
    least: float = 0.5
    min_area: float = 0.0005

    def __post_init__(self) -> None:
        for key in ("keep", "least", "min_area"):
            check_share(getattr(self, key), key)


@dataclass(frozen=True, eq=False)
class Voters:
    """A panel with its members' predictions; ``items`` goes through the photographs, one in memory at a time."""

    panel: Panel
    mixtures: Sequence[Mixture]

    @property
    def names(self) -> Sequence[str]:
        """The photographs."""
        return self.mixtures[0].stores[0].names

    def items(self, what: str) -> Iterator[tuple[str, Tensor]]:
        """Yield name and probabilities (K, H, W); ``what`` is said on the bar."""
        for name in tqdm(self.names, desc=what, leave=False, disable=None):
            yield name, self.panel.probs(self.mixtures, name)


def write_labels(
    folder: Path, record: Record, rule: Rule, shares: Callable[[], Floats]
) -> dict[str, tuple[Floats, Floats]]:
    """Write ``all.json``, and ``fold_K.json`` where every member is a cross-validation.

    Args:
        folder: for the files.
        record: the ensemble.
        rule: what gets a label.
        shares: gives the classes' shares of the annotated pixels (K,); called where the rule needs them.

    Returns:
        File name -> thresholds (K,), and shares of all pixels (K + 1,) with the ignored ones at the end.
    """
    written = {}
    for name, voters in _voters(record).items():
        thresholds = _thresholds(rule, voters, record.classes, shares)
        file = PseudoFile(record.classes)
        for photograph, probs in voters.items(f"labelling {name}"):
            mask, weight = label(*sure_and_class(probs), thresholds, rule.min_area)
            file.add(photograph, mask, weight)
        file.write(folder / name)
        pixels = np.append(file.pixels[: len(record.classes)], file.pixels[IGNORE_INDEX])
        written[name] = thresholds, pixels / max(1, pixels.sum())
    return written


def _voters(record: Record) -> dict[str, Voters]:
    """Return who labels each file."""
    stores = record.open_stores()
    found = {"all.json": Voters(record.panel, [Mixture.mean(each) for each in stores])}
    num_folds = min(map(len, stores))
    if num_folds > 1 and all(len(each) == num_folds for each in stores):
        for fold in range(num_folds):
            own: list[list[Store]] = [[each[fold]] for each in stores]
            found[f"fold_{fold}.json"] = Voters(record.panel, [Mixture.mean(each) for each in own])
    return found


def _thresholds(rule: Rule, voters: Voters, classes: Sequence[str], shares: Callable[[], Floats]) -> Floats:
    if rule.threshold != SHARES:
        return fixed_thresholds(rule.threshold, classes)
    histogram = np.zeros((len(classes), NUM_BINS), np.int64)
    for _, probs in voters.items("how sure"):
        histogram += histogram_of(*sure_and_class(probs), len(classes))
    return matched_thresholds(histogram, shares(), rule.keep, rule.least)
