"""How evenly a split spreads the classes: the numbers of its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trashseg.data.folds.goal import Floats, Ints
from trashseg.data.groups import Groups
from trashseg.data.oversampling import Counts


@dataclass(frozen=True, eq=False)
class Balance:
    """What P parts hold of K classes, background first.

    Args:
        classes: the K names.
        parts: the P names: "fold 0", ..., and "train" for what never validates.
        sizes: (P,) photographs.
        photographs: (P, K) photographs that hold the class; of the background none counts.
        objects: (P, K) annotations.
        pixels: (P, K) their areas.
        holders: (K,) groups that hold the class.
    """

    classes: tuple[str, ...]
    parts: tuple[str, ...]
    sizes: Ints
    photographs: Ints
    objects: Ints
    pixels: Ints
    holders: Ints

    @property
    def tables(self) -> dict[str, Ints]:
        """Title -> amounts (P, K)."""
        return {"photographs with": self.photographs, "objects": self.objects, "area, %": self.pixels}

    def cells(self, title: str) -> list[tuple[str, list[str]]]:
        """Return of each class the cells of a table as text: that of all parts together, then those of the P parts."""
        amounts = np.concatenate([self.tables[title].sum(0, keepdims=True), self.tables[title]])
        if title.endswith("%"):
            texts = [[f"{share:.2f}" for share in row] for row in (100 * amounts / amounts.sum(1, keepdims=True)).T]
        else:
            texts = [[str(amount) for amount in row] for row in amounts.T.tolist()]
        return [(row[0], row[1:]) for row in texts]

    def expected(self, amounts: Ints) -> Floats:
        """Return what each part would have of ``amounts`` (P, K) by its share of the photographs, (P, K)."""
        expected: Floats = amounts.sum(0) * (self.sizes / self.sizes.sum())[:, None]
        return expected

    def deviations(self, amounts: Ints) -> Floats:
        """Return how far ``amounts`` (P, K) are from what is expected: 0.1 is 10 % more; NaN for nothing."""
        expected = self.expected(amounts)
        result: Floats = np.divide(amounts, expected, out=np.full(amounts.shape, np.nan), where=expected > 0) - 1
        return result

    @property
    def scarce(self) -> list[int]:
        """The classes that occur in fewer groups than there are parts: some part must do without."""
        return [k for k in range(1, len(self.classes)) if 0 < self.holders[k] < len(self.parts)]

    def worst(self) -> tuple[int, int] | None:
        """Return (part, class) whose number of photographs with the class is relatively farthest from its share.

        Classes that are too scarce for every part are passed over; None where no class is left.
        """
        deviations = np.abs(self.deviations(self.photographs))
        deviations[:, self.scarce] = np.nan
        if np.isnan(deviations).all():
            return None
        part, k = np.unravel_index(int(np.nanargmax(deviations)), deviations.shape)
        return int(part), int(k)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        kinds, worst = {"photographs": self.photographs, "objects": self.objects, "area": self.pixels}, self.worst()
        classes = {
            name: {"groups": int(self.holders[k])} | {kind: table[:, k].tolist() for kind, table in kinds.items()}
            for k, name in enumerate(self.classes)
        }
        return {
            "parts": list(self.parts),
            "photographs": self.sizes.tolist(),
            "classes": classes,
            "too_scarce": [self.classes[k] for k in self.scarce],
            "worst": None if worst is None else {"part": self.parts[worst[0]], "class": self.classes[worst[1]]},
        }


def balance(counts: Counts, folds: Ints, groups: Groups) -> Balance:
    """Add up what each fold holds; ``folds`` (N,) is -1 for photographs that never validate."""
    numbers = np.unique(folds)
    numbers = np.concatenate([numbers[numbers >= 0], numbers[numbers < 0]])
    own = (folds == numbers[:, None]).astype(np.int64)
    held = counts.objects > 0
    in_group = np.zeros((len(groups), held.shape[1]), bool)
    np.logical_or.at(in_group, groups.labels, held)
    return Balance(
        counts.names,
        tuple(f"fold {number}" if number >= 0 else "train" for number in numbers.tolist()),
        own.sum(1),
        photographs=own @ held,
        objects=own @ counts.objects,
        pixels=own @ counts.pixels,
        holders=in_group.sum(0),
    )
