"""What an agreement of two pictures is worth.

The numbers come from 468 photographs: 429 in the competition's form, 39 of them once more at full size from another
source. All were gone through by eye in the order of their names, and so were all pairs that were joined.
"""

from __future__ import annotations

from dataclasses import dataclass

from trashseg.data.groups.agreement import Agreement
from trashseg.data.groups.candidates import Candidate
from trashseg.data.groups.group import Pair

_FEW_POINTS = 8
"""Of the 5,000 most alike pairs, those of different scenes had at most 7 points that agree, but for 9 in one that shows
the same two bottles. In 1,000 random pairs at most 4 agreed."""
_NEXT_SPREAD = 0.01
"""Neighbours may agree in a small part: theirs was 1.9 % of the picture at least."""
_SAME_PICTURE = 0.9
"""Copies altered on purpose correlate by 0.9 at least; of the pairs of one scene, one by 0.96, all others below 0.6."""
_SAME_PLAIN = 0.98


@dataclass(frozen=True)
class Limits:
    """From when on two photographs are joined; see :func:`find_groups`.

    Args:
        points: how many points must agree.
        spread: the share, 0..1, of both pictures that they must surround.
    """

    points: int
    spread: float


def judge(candidate: Candidate, agreement: Agreement, is_next: bool, limits: Limits) -> Pair | None:
    """Return the pair that the ``agreement`` of a ``candidate`` makes, None where it does not join them.

    Args:
        candidate: the two photographs.
        agreement: how well they agree.
        is_next: whether they are neighbours by name, which needs less to be believed.
        limits: when they are joined otherwise.
    """
    points, likeness = agreement.points, agreement.likeness
    turned = ", mirrored" if candidate.mirrored else ""
    if points == 0 and likeness >= _SAME_PLAIN:
        reason = f"plain pictures that correlate by {likeness:.2f}{turned}"
        return Pair(candidate.first, candidate.second, "duplicate", likeness, reason)
    same = points >= _FEW_POINTS and likeness >= _SAME_PICTURE
    wide = points >= limits.points and agreement.spread >= limits.spread
    close = is_next and points >= _FEW_POINTS and agreement.spread >= _NEXT_SPREAD
    if not (same or wide or close):
        return None
    reason = f"{points} points agree over {agreement.spread:.0%} of the picture{turned}"
    return Pair(candidate.first, candidate.second, "duplicate" if same else "scene", float(points), reason)
