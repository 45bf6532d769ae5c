"""What a good assignment of groups to parts is: every column spread over the parts by their shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_UNIT = 2.0**20
"""One whole column. Amounts are rounded to this fineness, so that all sums and products are whole numbers below
2**53 and come out the same on every machine, with any number of threads."""


@dataclass(frozen=True, eq=False)
class Goal:
    """G groups to be assigned to P parts.

    ``units`` (G, C) are whole numbers: how much of each column a group holds, times the root of the column's weight.
    ``shares`` (P,) sum to 1.
    """

    units: Floats
    shares: Floats

    @classmethod
    def of(cls, amounts: Floats, weights: Floats, shares: Floats) -> Goal:
        """Build the goal from ``amounts`` (G, C), 0 and more, ``weights`` (C,) and ``shares`` (P,)."""
        totals = amounts.sum(0)
        used = (totals > 0) & (weights > 0)
        units = np.rint(amounts[:, used] / totals[used] * np.sqrt(weights[used]) * _UNIT)
        return cls(units, shares)

    def residuals(self, parts: Ints) -> Floats:
        """Return what each part has too much of each column, (P, C); ``parts`` (G,) is the part of each group."""
        sums = np.zeros((len(self.shares), self.units.shape[1]))
        np.add.at(sums, parts, self.units)
        residuals: Floats = sums - np.rint(self.shares[:, None] * self.units.sum(0))
        return residuals

    def cost(self, parts: Ints) -> float:
        """Return the sum over columns (by their weights) and parts of the squared relative deviation."""
        return float(((self.residuals(parts) / _UNIT / self.shares[:, None]) ** 2).sum())
