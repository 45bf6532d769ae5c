"""Ways to choose the photographs that validate: k folds, one holdout, or each folder in its turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from trashseg.data.folds.goal import Floats, Ints
from trashseg.data.folds.labels import Columns
from trashseg.data.folds.search import assign
from trashseg.data.groups import Groups
from trashseg.data.naming import check_number, check_whole
from trashseg.types import ConfigError, DataError


class Method(ABC):
    """Decides in which fold each photograph validates."""

    @abstractmethod
    def folds(self, columns: Columns, groups: Groups, names: Sequence[str]) -> Ints:
        """Return the fold of each of N photographs, (N,) int64 from 0; -1 where it always trains.

        Args:
            columns: what is to be spread evenly.
            groups: no fold cuts one.
            names: ``file_name`` of each photograph, with its folder.

        Raises:
            ConfigError: the photographs do not suffice.
        """


class KFold(Method):
    """Every photograph validates in one of k folds.

    Args:
        k: number of folds.
        seed: another one gives other folds.

    Raises:
        ConfigError: ``k`` is not a whole number from 2 on.
    """

    def __init__(self, k: int = 5, seed: int = 0) -> None:
        self.k, self.seed = check_whole("k", k, 2), seed

    def folds(self, columns: Columns, groups: Groups, names: Sequence[str]) -> Ints:  # noqa: ARG002 - not by name
        """Return folds 0 to k - 1."""
        if len(groups) < self.k:
            raise ConfigError(f"k={self.k}: there are only {len(groups)} groups of photographs; give a smaller k.")
        return _spread(columns, groups, np.full(self.k, 1 / self.k), self.seed)


class Holdout(Method):
    """One share validates, the rest trains.

    Args:
        share: of the photographs, between 0 and 1.
        seed: another one gives another split.

    Raises:
        ConfigError: ``share`` is none.
    """

    def __init__(self, share: float = 0.2, seed: int = 0) -> None:
        self.share, self.seed = check_number("method.share", share, 0, 1), seed
        if not 0 < self.share < 1:
            raise ConfigError(f"method.share={share} leaves one side empty; give a share between 0 and 1, such as 0.2.")

    def folds(self, columns: Columns, groups: Groups, names: Sequence[str]) -> Ints:  # noqa: ARG002 - not by name
        """Return fold 0 for what validates."""
        return -_spread(columns, groups, np.array([self.share, 1 - self.share]), self.seed)


class LeaveBatchOut(Method):
    """Each folder (batch_01_vt, batch_02_vt, ...) validates once: how well does a network do on another day's catch?

    A group that lies in several folders validates where most of its photographs lie.
    """

    def folds(self, columns: Columns, groups: Groups, names: Sequence[str]) -> Ints:  # noqa: ARG002 - not by amounts
        """Return a fold a folder, in the order of their names."""
        folders, own = np.unique([str(PurePosixPath(name).parent) for name in names], return_inverse=True)
        members = np.zeros((len(groups), len(folders)), np.int64)
        np.add.at(members, (groups.labels, own), 1)
        folds: Ints = members.argmax(1)[groups.labels]
        if len(folders) < 2 or len(np.unique(folds)) < len(folders):
            raise ConfigError(
                f"method=leave_batch_out: {len(np.unique(folds))} of {len(folders)} folders would validate; it takes "
                "photographs from two folders or more, whose groups do not all reach into others. Give method=kfold."
            )
        return folds


def _spread(columns: Columns, groups: Groups, shares: Floats, seed: int) -> Ints:
    """Return the part of each photograph, (N,) int64, its groups assigned by ``shares`` (P,)."""
    amounts = np.zeros((len(groups), columns.values.shape[1]))
    np.add.at(amounts, groups.labels, columns.values)
    parts: Ints = assign(amounts, columns.weights, shares, seed=seed)[groups.labels]
    if len(np.unique(parts)) < len(shares):
        largest = int(groups.sizes.max())
        raise DataError(
            f"{len(parts)} photographs in {len(groups)} groups, the largest of {largest}, cannot be spread over "
            f"{len(shares)} parts; give fewer folds, or another grouping with grouping=OPTION."
        )
    return parts
