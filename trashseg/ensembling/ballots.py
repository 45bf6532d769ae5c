"""What members say of the test photographs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trashseg.ensembling.mixture import Map, Mixture
from trashseg.store import Store
from trashseg.submission import SIDE, SubmissionFile, open_submission
from trashseg.types import DataError


class Ballot(Protocol):
    """What a member says of the test photographs."""

    @property
    def names(self) -> Sequence[str]:
        """The photographs."""

    @property
    def mixture(self) -> Mixture | None:
        """Its probabilities; None where it has class maps only."""

    @property
    def stores(self) -> Sequence[Store]:
        """Where its probabilities lie, a store a network."""

    def class_map(self, name: str, shrink: str) -> Map:
        """Return the class map (256, 256) of a photograph."""


def mixtures_of(ballots: Iterable[Ballot]) -> list[Mixture]:
    """Return the probabilities of those that have some, in their order."""
    return [ballot.mixture for ballot in ballots if ballot.mixture is not None]


@dataclass(frozen=True, eq=False)
class StoredBallot:
    """Probabilities, the mean of one or more stores."""

    mixture: Mixture

    @property
    def names(self) -> Sequence[str]:
        """The photographs."""
        return self.mixture.stores[0].names

    @property
    def stores(self) -> Sequence[Store]:
        """The stores."""
        return self.mixture.stores

    def class_map(self, name: str, shrink: str) -> Map:
        """Return the class map of a photograph, shrunk as ``shrink`` says."""
        return self.mixture.small_map(name, shrink)


@dataclass(frozen=True, eq=False)
class SubmittedBallot:
    """The maps of a submission, read one by one."""

    file: SubmissionFile
    mixture: None = None
    stores: Sequence[Store] = ()

    @classmethod
    def open(cls, path: Path) -> SubmittedBallot:
        """Open the CSV at ``path``.

        Raises:
            DataError: it is damaged, or its maps have another size than 256x256.
        """
        file = open_submission(path)
        if file.side != SIDE:
            raise DataError(f"{path} holds maps of {file.side}x{file.side}; a submission's are {SIDE}x{SIDE}.")
        return cls(file)

    @property
    def names(self) -> Sequence[str]:
        """The photographs."""
        return list(self.file.rows)

    def class_map(self, name: str, shrink: str) -> Map:  # noqa: ARG002 - Ballot's; these maps are small already
        """Return the class map of a photograph."""
        return self.file.class_map(name)
