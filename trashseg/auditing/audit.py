"""The pass over all photographs, and what comes out of it: regions ranked by how little their label is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from trashseg.auditing.measure import Region, annotated_regions, missing_regions
from trashseg.auditing.scores import Floats, Ints, quality, soft_min, suggestions, thresholds
from trashseg.auditing.view import View
from trashseg.data.naming import check_number, check_whole
from trashseg.inference.labelled import Labels

DOUBTFUL = 0.5
"""Below this score more speaks for the suggested class than for the label."""


class Kind(StrEnum):
    """What may be wrong with a region."""

    CLASS = "class"  # an object of another class
    NOTHING = "nothing"  # annotated, where the network sees background
    MISSING = "missing"  # nobody annotated it


@dataclass(frozen=True)
class Limits:
    """What an audit goes by.

    Args:
        border: pixels so near to another label are not judged.
        min_area: pixels from which a predicted region without a label counts.
        flag_below: score, 0..1, below which a region is flagged.
        exclude_share: share of a photograph's object area, annotated or missing, from which on, all flagged, the whole
            photograph is proposed for exclusion.

    Raises:
        ConfigError: a value is out of its range.
    """

    border: int
    min_area: int
    flag_below: float
    exclude_share: float

    def __post_init__(self) -> None:
        check_whole("border", self.border, 0)
        check_whole("min_area", self.min_area)
        check_number("flag_below", self.flag_below, 0, 1)
        check_number("exclude_share", self.exclude_share, 0, 1)


@dataclass(frozen=True, eq=False)
class Suspect:
    """A region whose label is doubtful.

    Args:
        rank: from 1, the worst.
        row: the photograph, as a position among the prepared ones.
        region: what was measured.
        suggestion: the class that the network would give.
        score: 0..1, low is bad.
        flagged: whether it is to be acted on.
    """

    rank: int
    row: int
    region: Region
    suggestion: int
    score: float
    flagged: bool

    @property
    def kind(self) -> Kind:
        """What may be wrong."""
        if self.region.annotation is None:
            return Kind.MISSING
        return Kind.CLASS if self.suggestion else Kind.NOTHING

    @property
    def share(self) -> float:
        """The share of its pixels that look like the suggestion, 0..1."""
        return float(self.region.shares[self.suggestion])


@dataclass(frozen=True, eq=False)
class Audit:
    """R measured regions of N photographs and their scores.

    Args:
        labels: what was audited.
        limits: what it went by.
        regions: R.
        rows: (R,), the photograph of each.
        scores: (R,), 0..1, see :func:`trashseg.auditing.scores.quality`.
        suggested: (R,), class ids.
        pixel_scores: row -> soft minimum of the self-confidences of its pixels, 0..1, for N photographs.
    """

    labels: Labels
    limits: Limits
    regions: list[Region]
    rows: Ints
    scores: Floats
    suggested: Ints
    pixel_scores: dict[int, float]

    @property
    def areas(self) -> Ints:
        """The pixels of each region, (R,)."""
        return np.array([region.area for region in self.regions], np.int64)

    @property
    def flags(self) -> npt.NDArray[np.bool_]:
        """Which regions are flagged, (R,)."""
        flags: npt.NDArray[np.bool_] = self.scores < self.limits.flag_below
        return flags

    @cached_property
    def suspects(self) -> list[Suspect]:
        """The doubtful regions, the worst first; of equal ones the larger."""
        order = np.lexsort((-self.areas, self.scores))[: int((self.scores < DOUBTFUL).sum())].tolist()
        columns = self.rows.tolist(), self.regions, self.suggested.tolist(), self.scores.tolist(), self.flags.tolist()
        return [Suspect(rank, *(column[r] for column in columns)) for rank, r in enumerate(order, start=1)]

    @cached_property
    def photo_scores(self) -> dict[int, float]:
        """Row -> soft minimum of the scores of its regions, 0..1; 1 where it has none."""
        scores = {row: soft_min(self.scores[self.rows == row]) for row in self.pixel_scores}
        return {row: 1.0 if np.isnan(score) else score for row, score in scores.items()}

    @property
    def excluded(self) -> list[int]:
        """The photographs proposed for exclusion, the worst first."""
        areas = np.array([region.area for region in self.regions], np.int64)
        total, flagged = (
            np.bincount(self.rows, area, len(self.labels.prepared)) for area in (areas, areas * self.flags)
        )
        bad = np.flatnonzero((flagged > 0) & (flagged >= self.limits.exclude_share * total)).tolist()
        return sorted(bad, key=lambda row: self.photo_scores[row])


def run_audit(labels: Labels, limits: Limits) -> Audit:
    """Measure every region of every photograph, one photograph at a time, and score them together."""
    regions: list[Region] = []
    rows: list[int] = []
    background: list[float] = []
    pixel_scores: dict[int, float] = {}
    for row, view in views(labels, limits.border):
        found = list(_regions(labels, row, view, limits.min_area))
        regions += found
        rows += [row] * len(found)
        background.append(view.background)
        pixel_scores[row] = soft_min(view.self_confidence)
    means = np.array([region.means for region in regions], np.float64).reshape(-1, len(labels.table))
    own = np.array([region.label for region in regions], np.int64)
    suggested = suggestions(means, own)
    scores = quality(means, own, suggested, thresholds(means, own, np.array(background)))
    return Audit(labels, limits, regions, np.array(rows, np.int64), scores, suggested, pixel_scores)


def views(labels: Labels, border: int, rows: list[int] | None = None) -> Iterator[tuple[int, View]]:
    """Yield (row, view) of the photographs in ``rows``, or of all that have a prediction."""
    chosen = list(labels.rows) if rows is None else rows
    names = [labels.prepared.names[row] for row in chosen]
    for row, (_, probs) in zip(chosen, labels.store.items(names), strict=True):
        yield row, View.of(labels.prepared.mask(row), probs, border)


def _regions(labels: Labels, row: int, view: View, min_area: int) -> Iterator[Region]:
    """Yield the regions of one photograph."""
    yield from annotated_regions(view, labels.prepared.index, int(labels.prepared.positions[row]), labels.class_of)
    yield from missing_regions(view, min_area)
