"""Labelled photographs that no member trained on, with what each member says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trashseg.build import build_datamodule
from trashseg.config import plain
from trashseg.ensembling.kinds import Member
from trashseg.ensembling.mixture import Mixture
from trashseg.ensembling.predicting import Workshop
from trashseg.ensembling.truth import Truth
from trashseg.store import Store
from trashseg.types import DataError


@dataclass(frozen=True, eq=False)
class Evidence:
    """What M members say of N labelled photographs that they did not train on.

    Args:
        truth: the photographs.
        rows: those that all members predicted, as positions in ``truth.prepared`` (N,).
        stores: the members' predictions.
        groups: the group of each photograph (N,), numbered from 0.
    """

    truth: Truth
    rows: Sequence[int]
    stores: Sequence[Store]
    groups: npt.NDArray[np.int64]

    @property
    def names(self) -> list[str]:
        """The photographs."""
        return [self.truth.prepared.names[row] for row in self.rows]

    @property
    def mixtures(self) -> list[Mixture]:
        """The probabilities of each member."""
        return [Mixture.mean([store]) for store in self.stores]

    def __iter__(self) -> Iterator[tuple[str, npt.NDArray[np.uint8], int]]:
        """Yield name, mask (H, W) and group of each photograph."""
        for row, group in zip(self.rows, self.groups.tolist(), strict=True):
            yield self.truth.prepared.names[row], self.truth.prepared.mask(row), group


class NoEvidenceError(DataError):
    """Nothing tells how good the members are together."""


def gather(members: Sequence[Member], workshop: Workshop) -> Evidence:
    """Return what all members say of labelled photographs; networks predict where they have not yet.

    Raises:
        NoEvidenceError: a member has no such predictions, or they have no labels or no photograph in common.
        DataError: a member's classes, or the sizes of its maps, are not those of the labels.
    """
    found = {member.name: member.validated(workshop) for member in members}
    stores = [store for store in found.values() if store is not None]
    blind = [name for name, store in found.items() if store is None]
    if blind:
        raise NoEvidenceError(f"nothing tells how good {', '.join(blind)} is: a submission has no labels.")
    truth = _widest_truth(members, workshop)
    names = truth.prepared.names
    rows = [row for row, name in enumerate(names) if all(name in store for store in stores)]
    if not rows:
        raise NoEvidenceError(
            f"no labelled photograph of {truth.prepared.index.path} has been predicted by every member; give runs of "
            "cv on the same photographs, or the data that they have predicted."
        )
    for store in stores:
        _check_store(store, truth, rows)
    labels = [truth.group_of.get(names[row]) or f"\0{row}" for row in rows]
    return Evidence(truth, rows, stores, np.unique(labels, return_inverse=True)[1].astype(np.int64))


def _widest_truth(members: Sequence[Member], workshop: Workshop) -> Truth:
    """Return the most labelled photographs that a member knows of, else those of the data that are given."""
    known = [truth for truth in (member.truth(workshop) for member in members) if truth is not None]
    if known:
        return max(known, key=lambda truth: len(truth.prepared))
    if "_target_" not in workshop.cfg.data:
        raise NoEvidenceError("stores do not know their labels; give the data set: data=recycle data.root=FOLDER.")
    return Truth.validation(build_datamodule(plain(workshop.cfg.data)))


def _check_store(store: Store, truth: Truth, rows: Sequence[int]) -> None:
    if store.classes != truth.table.names:
        raise DataError(
            f"{store.folder} predicts {', '.join(store.classes)}, the labels are {', '.join(truth.table.names)}; "
            "only members with the same classes in the same order can vote."
        )
    for row in rows:
        name, size = truth.prepared.names[row], truth.prepared.size(row)
        if store.sizes[name] != size:
            raise DataError(f"{store.folder}: {name} is {store.sizes[name]} (height, width), its label {size}.")
