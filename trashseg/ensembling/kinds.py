"""What may take part in an ensemble: a network, the folds of a recipe, stored predictions, another's submission."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trashseg.checkpoint import read_training
from trashseg.config.classes import trash_table
from trashseg.crossval.run import read_record
from trashseg.ensembling.ballots import Ballot, StoredBallot, SubmittedBallot
from trashseg.ensembling.mixture import Mixture
from trashseg.ensembling.predicting import Workshop
from trashseg.ensembling.truth import Truth
from trashseg.store import Store, open_store
from trashseg.types import DataError, Split


@dataclass(frozen=True)
class Member(ABC):
    """One that votes.

    Args:
        name: what the command line calls it.
        path: where it lies.
    """

    name: str
    path: Path

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoints behind it, as far as they are known here."""
        return ()

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the K classes in the order of their ids: those of its first network."""
        return read_training(self.networks[0]).table.names

    def validated(self, workshop: Workshop) -> Store | None:  # noqa: ARG002 - for those that have some
        """Return its predictions of labelled photographs that its networks did not train on; None: there are none."""
        return None

    def truth(self, workshop: Workshop) -> Truth | None:  # noqa: ARG002 - for those that know some
        """Return labelled photographs that it knows of; None: it knows none."""
        return None

    @abstractmethod
    def test(self, workshop: Workshop) -> Ballot:
        """Return its predictions of the test photographs."""


class Network(Member):
    """A checkpoint, judged on the validation part of its data."""

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoint."""
        return [self.path]

    def validated(self, workshop: Workshop) -> Store:
        """Predict the validation part."""
        return workshop.predict(self.path, Split.VAL, self.name)

    def truth(self, workshop: Workshop) -> Truth:
        """Return the validation part of its data."""
        return Truth.validation(workshop.data(read_training(self.path)))

    def test(self, workshop: Workshop) -> Ballot:
        """Predict the test part."""
        return StoredBallot(Mixture.mean([workshop.predict(self.path, Split.TEST, self.name)]))


class CrossValidation(Member):
    """The run of ``trashseg cv``: judged out of fold; its networks' mean predicts the test photographs."""

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoint of each fold."""
        return [Path(path) for path in read_record(self.path).checkpoints]

    def validated(self, workshop: Workshop) -> Store:  # noqa: ARG002 - they are made already
        """Return the out-of-fold predictions.

        Raises:
            DataError: none were kept.
        """
        store = read_record(self.path).store
        if store is None:
            raise DataError(
                f"{self.path} kept no predictions; repeat it with trashseg cv save=coarse hydra.run.dir={self.path}."
            )
        return open_store(self.path / store)

    def truth(self, workshop: Workshop) -> Truth:  # noqa: ARG002 - the run knows its data
        """Return the photographs of all folds."""
        return Truth.pool(self.path)

    def test(self, workshop: Workshop) -> Ballot:
        """Predict the test part with the network of every fold."""
        paths = enumerate(self.networks)
        return StoredBallot(
            Mixture.mean([workshop.predict(path, Split.TEST, f"{self.name}/fold_{fold}") for fold, path in paths])
        )


class Stored(Member):
    """A prediction store, of labelled or of test photographs or of both."""

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Those that the store names."""
        return open_store(self.path).classes

    def validated(self, workshop: Workshop) -> Store:  # noqa: ARG002 - they are made already
        """Return the store: which of its photographs have labels, the data tell."""
        return open_store(self.path)

    def test(self, workshop: Workshop) -> Ballot:  # noqa: ARG002 - they are made already
        """Return the store."""
        return StoredBallot(Mixture.mean([open_store(self.path)]))


class Submitted(Member):
    """A submission, anybody's: nothing tells how good it is."""

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """The competition's, whose form the file has."""
        return trash_table().names

    def test(self, workshop: Workshop) -> Ballot:  # noqa: ARG002 - they are made already
        """Open the file.

        Raises:
            DataError: the file is damaged, or its maps have another size.
        """
        return SubmittedBallot.open(self.path)
