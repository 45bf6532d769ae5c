"""Members with their weights: the vote on one photograph."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.ensembling.ballots import Ballot, mixtures_of
from trashseg.ensembling.mixture import Map, Mixture, Total
from trashseg.maps import most_probable
from trashseg.types import ConfigError, DataError
from trashseg.voting import hard_vote

METHODS = ("soft", "hard")

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Panel:
    """M members that vote.

    Args:
        hard: each member has one class for a pixel rather than probabilities.
        weights: (M, K), at least 0.
        order: members by trust, the best first; where hard votes tie, the first one's class wins.
        class_order: class ids; where hard votes tie, the first wins. None: ``order`` decides.
    """

    hard: bool
    weights: npt.NDArray[np.float64]
    order: Sequence[int]
    class_order: Sequence[int] | None = None

    def mixture(self, mixtures: Sequence[Mixture]) -> Mixture:
        """Return the weighted mean of the members' means."""
        return Mixture([store for each in mixtures for store in each.stores], torch.cat(self._shares(mixtures)))

    def _shares(self, mixtures: Sequence[Mixture]) -> list[Tensor]:
        """Return the weights (S, K) in the vote of each member's S stores."""
        pairs = zip((each.weights for each in mixtures), torch.from_numpy(self.weights).float(), strict=True)
        return [own * (row / own.sum(0).clamp_min(1e-12)) for own, row in pairs]

    def count(self, maps: Sequence[Map]) -> Map:
        """Return the hard vote of the members' class maps, given in their order."""
        order = [member for member in self.order if self.weights[member].any()]
        return hard_vote([maps[i] for i in order], self.weights[order], self.class_order)

    def probs(self, mixtures: Sequence[Mixture], name: str) -> Tensor:
        """Return the ensemble's probabilities of a photograph (K, H, W); of hard votes their shares."""
        return self._voted(_class_maps(mixtures, name)) if self.hard else self.mixture(mixtures).probs(name)

    def probs_and_agreement(self, mixtures: Sequence[Mixture], name: str) -> tuple[Tensor, Flags]:
        """Return :meth:`probs`, and at which pixels (H, W) all members that count have the same class.

        Every store is read once, and one store's probabilities are in memory at a time.
        """
        counts = [bool(row.any()) for row in self.weights]
        if self.hard:
            maps = _class_maps(mixtures, name)
            return self._voted(maps), _alike(list(itertools.compress(maps, counts)))
        together = Total()
        counted = itertools.compress(zip(mixtures, self._shares(mixtures), strict=True), counts)
        maps = [_add_member(together, shares, member, name) for member, shares in counted]
        return together.mean(), _alike(maps)

    def _voted(self, maps: Sequence[Map]) -> Tensor:
        """Return the shares (K, H, W) of hard votes for the classes of the members' maps."""
        shares = sum(
            _one_hot(each, len(row)) * row[:, None, None]
            for each, row in zip(maps, torch.from_numpy(self.weights).float(), strict=True)
        )
        winner = _one_hot(self.count(maps), self.weights.shape[1])
        # The winner of a tie is lifted above those that it ties with.
        lifted = shares + 1e-3 * float(self.weights.max()) * winner
        total: Tensor = lifted / lifted.sum(0)
        return total

    def submission_maps(self, ballots: Sequence[Ballot], names: Sequence[str], shrink: str) -> Iterator[Map]:
        """Yield the class map (256, 256) of each photograph; one is in memory at a time."""
        together = None if self.hard else self.mixture(mixtures_of(ballots))
        for name in names:
            if together is not None:
                yield together.small_map(name, shrink)
            else:
                yield self.count([ballot.class_map(name, shrink) for ballot in ballots])


def check_ballots(ballots: dict[str, Ballot], names: Sequence[str], *, hard: bool) -> None:
    """Refuse ballots that cannot be counted together.

    Raises:
        ConfigError: the mean of probabilities is asked for, and a member has class maps only.
        DataError: a member lacks a photograph.
    """
    for member, ballot in ballots.items():
        if ballot.mixture is None and not hard:
            raise ConfigError(f"{member} is a submission, which holds no probabilities; give vote=hard.")
        known = set(ballot.names)
        missing = [name for name in names if name not in known]
        if missing:
            raise DataError(f"{member} lacks {len(missing)} of {len(names)} test photographs, such as {missing[0]}.")


def _class_maps(mixtures: Sequence[Mixture], name: str) -> list[Map]:
    return [most_probable(each.probs(name)) for each in mixtures]


def _add_member(together: Total, shares: Tensor, member: Mixture, name: str) -> Map:
    """Add the stores of a member, times ``shares`` (S, K), to ``together``; return the member's own class map."""
    alone = Total()
    for store, share, weights in zip(member.stores, shares, member.weights, strict=True):
        probs = store.probs(name)
        together.add(probs.clone(), share)
        alone.add(probs, weights)
    return most_probable(alone.mean())


def _alike(maps: Sequence[Map]) -> Flags:
    """Return at which pixels all of ``maps`` have the same class; one alone agrees with nobody."""
    first, *others = maps
    same = np.full(first.shape, bool(others))
    for other in others:
        same &= other == first
    return same


def _one_hot(ids: Map, num_classes: int) -> Tensor:
    return F.one_hot(torch.from_numpy(ids).long(), num_classes).permute(2, 0, 1).float()
