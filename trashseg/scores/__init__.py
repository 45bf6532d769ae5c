"""Scores beyond mIoU, and how far they can be trusted: pure functions of class maps, probabilities and counts."""

from trashseg.scores.bootstrap import Bootstrap, Interval
from trashseg.scores.boundary import boundary_counts
from trashseg.scores.calibration import NUM_BINS, Calibration
from trashseg.scores.distribution import QUANTILES, miou_per_matrix, quantiles
from trashseg.scores.interval import (
    MIN_GROUPS,
    class_intervals,
    difference_interval,
    groups_with_class,
    mean_interval,
    miou_interval,
    verdict,
)
from trashseg.scores.leaderboard import BOARD_SIZE, board_interval
from trashseg.scores.objects import SIZES, object_counts
from trashseg.scores.ratios import class_counts
from trashseg.scores.temperature import PixelSample, apply_temperature, fit_temperature

__all__ = [
    "BOARD_SIZE",
    "MIN_GROUPS",
    "NUM_BINS",
    "QUANTILES",
    "SIZES",
    "Bootstrap",
    "Calibration",
    "Interval",
    "PixelSample",
    "apply_temperature",
    "board_interval",
    "boundary_counts",
    "class_counts",
    "class_intervals",
    "difference_interval",
    "fit_temperature",
    "groups_with_class",
    "mean_interval",
    "miou_interval",
    "miou_per_matrix",
    "object_counts",
    "quantiles",
    "verdict",
]
