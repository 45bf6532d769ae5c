"""Choose the setting and the classes of a step, and tell what the choosing is worth on photographs it did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trashseg.gating.changes import Changes, Counts, Flags
from trashseg.metrics import pooled_miou


@dataclass(frozen=True)
class Choice:
    """A setting of a step and the classes (K,) that it is for; none is flagged where it helps nowhere."""

    setting: str
    flags: Flags


def choose(before: Counts, settings: Mapping[str, Changes], images: Flags) -> Choice:
    """Return the setting and classes with the highest mIoU of the flagged photographs.

    Args:
        before: confusion matrices of all N photographs (N, K, K).
        settings: what each one changes on them.
        images: the photographs that may be looked at (N,).
    """
    total = before[images].sum(0)
    tried = {name: _helped_classes(total, changes.totals(images)) for name, changes in settings.items()}
    best = max(tried, key=lambda name: tried[name][1])
    return Choice(best, tried[best][0])


def cross_fitted(before: Counts, settings: Mapping[str, Changes], half: Flags) -> tuple[Choice, Counts]:
    """Choose on all photographs, and apply to each half what the other half alone would have chosen.

    A class stays in the choice only where both halves chose it too.

    Args:
        before: confusion matrices (N, K, K).
        settings: what each one changes.
        half: which half each photograph belongs to (N,).

    Returns:
        The choice, and confusion matrices (N, K, K) that its own photographs had no part in.
    """
    choice = choose(before, settings, np.ones(len(before), bool))
    unseen = before.copy()
    for seen in (half, ~half):
        other = choose(before, settings, seen)
        unseen[~seen] = settings[other.setting].matrices(before, other.flags)[~seen]
        choice = replace(choice, flags=choice.flags & other.flags)
    return choice, unseen


def halves(groups: Counts, seed: int) -> Flags:
    """Return which half each photograph belongs to (N,), given its group (N,); a group stays together."""
    names, numbers = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    flags: Flags = order[numbers] % 2 == 0
    return flags


def _helped_classes(before: Counts, moved: Counts) -> tuple[Flags, float]:
    """Add the class that raises the mIoU most until none does; return the classes (K,) and the mIoU.

    Every change has an object's class before or after it, so that the background itself need not be among them.

    Args:
        before: one confusion matrix (K, K).
        moved: changed pixels (K, K, K) by truth, class before and after.
    """
    flags, score = np.zeros(len(before), bool), pooled_miou(before)
    left = {int(k) for k in np.flatnonzero(moved.sum((0, 1)) + moved.sum((0, 2))) if k > 0}
    while left:
        scores = {k: pooled_miou(_after(before, moved, flags | (np.arange(len(flags)) == k))) for k in left}
        best = max(scores, key=lambda k: scores[k])
        if scores[best] <= score:
            break
        flags[best], score = True, scores[best]
        left.remove(best)
    return flags, score


def _after(before: Counts, moved: Counts, flags: Flags) -> Counts:
    """Return the confusion matrix (K, K) after the changes that the flagged classes allow."""
    allowed = moved * (flags[:, None] | flags)
    matrix: Counts = before - allowed.sum(2) + allowed.sum(1)
    return matrix
