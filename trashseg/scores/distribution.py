"""How scores spread over the photographs: a good mean may hide a tenth where nothing is found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trashseg.scores.ratios import class_counts

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def miou_per_matrix(matrices: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the mIoU of each of several confusion matrices over the classes present in its truth or prediction.

    Args:
        matrices: those of single photographs, say (N, K, K).

    Returns:
        (N,), 0..1, NaN for a matrix without counted pixels.
    """
    hits, union = class_counts(matrices)
    present = union > 0
    iou = np.divide(hits, union, out=np.zeros_like(hits), where=present)
    num_present = present.sum(1)
    empty = np.full(len(iou), np.nan)
    miou: npt.NDArray[np.float64] = np.divide(iou.sum(1), num_present, out=empty, where=num_present > 0)
    return miou


def quantiles(scores: npt.NDArray[np.float64]) -> dict[float, float]:
    """Return share of the photographs -> the score that they do not exceed, for ``QUANTILES``; NaNs do not count."""
    scored = scores[~np.isnan(scores)]
    values = np.quantile(scored, QUANTILES) if len(scored) else np.full(len(QUANTILES), np.nan)
    return dict(zip(QUANTILES, values.tolist(), strict=True))
