"""Iterative stratification, on groups: a good start for the search."""

from __future__ import annotations

import numpy as np

from trashseg.data.folds.goal import Floats, Ints


def iterative_start(amounts: Floats, shares: Floats, rng: np.random.Generator) -> Ints:
    """Assign groups to parts, the rarest column first, each to the part that still wants most of it.

    Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data", with groups in the place of
    examples and amounts in the place of labels; the groups that hold most of a column come first.

    Args:
        amounts: (G, C), 0 and more; every group holds something of the first column.
        shares: (P,), they sum to 1.
        rng: decides between equals.

    Returns:
        The part of each group, (G,) int64.
    """
    wanted = shares[:, None] * amounts.sum(0)
    held, parts = amounts > 0, np.full(len(amounts), -1, np.int64)
    while (parts < 0).any():
        holders = (held & (parts < 0)[:, None]).sum(0)
        column = int(np.where(holders > 0, holders, np.inf).argmin())
        members = rng.permutation(np.flatnonzero(held[:, column] & (parts < 0)))
        for group in members[np.argsort(-amounts[members, column], kind="stable")].tolist():
            # Of parts that want equally much the one with most room, then chance.
            part = np.lexsort((rng.random(len(shares)), wanted[:, 0], wanted[:, column]))[-1]
            parts[group] = part
            wanted[part] -= amounts[group]
    return parts
