"""Ratios of sums over photographs, such as IoU, and how exactly a set of photographs gives them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LEAST_REST = 0.3
"""What is taken to be left of a ratio's total without one group, at least: where one group holds nearly all of it, the
jackknife would divide by nothing."""


def class_counts(matrices: npt.NDArray[np.integer]) -> tuple[Floats, Floats]:
    """Return hits and unions of each class, (..., K) each, of confusion matrices (..., K, K), rows the truth.

    Both add up over photographs, which IoU itself does not.
    """
    hits = matrices.diagonal(axis1=-2, axis2=-1)
    union = matrices.sum(-1) + matrices.sum(-2) - hits
    return hits.astype(np.float64), union.astype(np.float64)


class RatioSums:
    """S weighted sums of C ratios: value s is the sum over c of weights[s, c] * H_c / T_c.

    H_c and T_c are sums over groups of photographs. A ratio without total in a draw of groups has its value of the
    whole set there.

    Args:
        hits: the numerators' counts in each group (G, C).
        totals: the denominators' counts (G, C).
        weights: (S, C), 0 for ratios without total in the whole set.
    """

    def __init__(self, hits: Floats, totals: Floats, weights: Floats) -> None:
        # Column by column in memory, since measure() runs along the groups.
        self._hits, self._totals = np.asfortranarray(hits), np.asfortranarray(totals)
        self._weights = weights
        total = totals.sum(0)
        self._whole = np.divide(hits.sum(0), total, out=np.zeros_like(total), where=total > 0)
        self.num_groups, self.size = len(hits), hits.size

    def values(self, draws: Floats) -> Floats:
        """Return the values (B, S) of draws (B, G), which say how often each group was drawn."""
        return self._ratios(draws)[0] @ self._weights.T

    def measure(self, draws: Floats) -> tuple[Floats, Floats]:
        """Return the values (B, S) of draws (B, G) and their standard errors (B, S).

        The errors are the jackknife's, from leaving out one drawn group at a time.
        """
        ratios, totals = self._ratios(draws)
        rest = totals[..., None] - self._totals.T  # (B, C, G)
        np.maximum(rest, _LEAST_REST * totals[..., None], out=rest)
        change = ratios[..., None] * self._totals.T
        np.subtract(self._hits.T, change, out=change)
        change /= rest
        changes = self._weights @ change  # (B, S, G)
        changes *= changes
        return ratios @ self._weights.T, np.sqrt((changes @ draws[..., None])[..., 0])

    def _ratios(self, draws: Floats) -> tuple[Floats, Floats]:
        """Return ratios and totals (B, C) of draws; a total that is missing is infinite, so that it changes nothing."""
        hits, totals = draws @ self._hits, draws @ self._totals
        known = totals > 0
        ratios = np.divide(hits, totals, out=np.broadcast_to(self._whole, totals.shape).copy(), where=known)
        return ratios, np.where(known, totals, np.inf)
