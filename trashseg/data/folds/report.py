"""The report of a split as text, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from trashseg.data.folds.balance import Balance
from trashseg.data.groups import Groups

_NUM_GROUPS, _NUM_NAMES = 10, 4
"""How many groups the report names, and how many photographs of each."""


def report_text(balance: Balance, groups: Groups, names: Sequence[str]) -> str:
    """Return the tables of classes and parts, how even they are, and the largest groups.

    Args:
        balance: the amounts.
        groups: of the N photographs.
        names: of the N photographs.
    """
    tables = [_table(balance, title) for title in balance.tables]
    tables[0].insert(1, _row("all", balance.sizes.sum(), balance.sizes))
    blocks = [*tables, _evenness(balance), _largest(groups, names)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _table(balance: Balance, title: str) -> list[str]:
    """Return a heading and a line for each class that occurs."""
    cells, present = balance.cells(title), np.flatnonzero(balance.tables[title].any(axis=0))
    return [_row(title, "all", balance.parts), *(_row(balance.classes[k], *cells[k]) for k in present.tolist())]


def _row(first: str, second: object, others: Iterable[object]) -> str:
    """Return one line of a table."""
    return f"{first:<18.18}{second:>9}" + "".join(f"{cell:>10}" for cell in others)


def _evenness(balance: Balance) -> list[str]:
    """Say what is least even, and which classes are too scarce for every part."""
    lines, worst = [], balance.worst()
    if worst is not None:
        part, k = worst
        found = balance.photographs
        lines.append(
            f"worst deviation: {balance.parts[part]} has {found[part, k]} photographs with {balance.classes[k]}, "
            f"its share is {balance.expected(found)[part, k]:.1f} ({balance.deviations(found)[part, k]:+.0%})"
        )
    for k in balance.scarce:
        count = int(balance.holders[k])
        lines.append(f"{balance.classes[k]} is in {count} group{'s' * (count > 1)} only: not every part can have it")
    return lines


def _largest(groups: Groups, names: Sequence[str]) -> list[str]:
    """Say how many groups of several photographs there are and name the largest."""
    sizes = groups.sizes
    several = np.flatnonzero(sizes > 1)
    lines = [f"{len(names)} photographs in {len(groups)} groups, {len(several)} of them of several photographs"]
    for group in several[np.argsort(-sizes[several], kind="stable")][:_NUM_GROUPS].tolist():
        members = [names[i] for i in groups.members(group).tolist()]
        more = f" and {len(members) - _NUM_NAMES} more" if len(members) > _NUM_NAMES else ""
        lines.append(f"{len(members):>6} {' '.join(members[:_NUM_NAMES])}{more}")
    return lines
