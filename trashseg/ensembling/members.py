"""What may take part in an ensemble: a network, the folds of a recipe, stored predictions, another's submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trashseg.checkpoint import load_trained, read_table
from trashseg.config.classes import trash_table
from trashseg.crossval.run import RECORD, read_record
from trashseg.ensembling.ballots import Ballot, StoredBallot, SubmittedBallot
from trashseg.ensembling.mixture import Mixture
from trashseg.ensembling.predicting import Workshop
from trashseg.ensembling.truth import Truth
from trashseg.store import Store, open_store
from trashseg.types import ConfigError, DataError, Split


class Member(Protocol):
    """One that votes."""

    @property
    def name(self) -> str:
        """What the command line calls it."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoints behind it, as far as they are known here."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the K classes in the order of their ids."""

    def validated(self, workshop: Workshop) -> Store | None:
        """Return its predictions of labelled photographs that its networks did not train on; None: there are none."""

    def truth(self, workshop: Workshop) -> Truth | None:
        """Return labelled photographs that it knows of."""

    def test(self, workshop: Workshop) -> Ballot:
        """Return its predictions of the test photographs."""


@dataclass(frozen=True)
class Network:
    """A checkpoint, judged on the validation part of its data."""

    name: str
    path: Path

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoint."""
        return [self.path]

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the network."""
        return read_table(self.path).names

    def validated(self, workshop: Workshop) -> Store | None:
        """Predict the validation part."""
        return workshop.predict(self.path, Split.VAL, self.name)

    def truth(self, workshop: Workshop) -> Truth | None:
        """Return the validation part of its data."""
        return Truth.validation(workshop.data(load_trained(self.path)))

    def test(self, workshop: Workshop) -> Ballot:
        """Predict the test part."""
        return StoredBallot(Mixture.mean([workshop.predict(self.path, Split.TEST, self.name)]))


@dataclass(frozen=True)
class CrossValidation:
    """The run of ``trashseg cv``: judged out of fold; its networks' mean predicts the test photographs."""

    name: str
    path: Path

    @property
    def networks(self) -> Sequence[Path]:
        """The checkpoint of each fold."""
        return [Path(path) for path in read_record(self.path).checkpoints]

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the networks."""
        return read_table(self.networks[0]).names

    def validated(self, workshop: Workshop) -> Store | None:  # noqa: ARG002 - Member's; they are made already
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

    def truth(self, workshop: Workshop) -> Truth | None:  # noqa: ARG002 - Member's
        """Return the photographs of all folds."""
        return Truth.pool(self.path)

    def test(self, workshop: Workshop) -> Ballot:
        """Predict the test part with the network of every fold."""
        paths = enumerate(self.networks)
        return StoredBallot(
            Mixture.mean([workshop.predict(path, Split.TEST, f"{self.name}/fold_{fold}") for fold, path in paths])
        )


@dataclass(frozen=True)
class Stored:
    """A prediction store, of labelled or of test photographs or of both."""

    name: str
    path: Path
    networks: Sequence[Path] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Those that the store names."""
        return open_store(self.path).classes

    def validated(self, workshop: Workshop) -> Store | None:  # noqa: ARG002 - Member's
        """Return the store: which of its photographs have labels, the data tell."""
        return open_store(self.path)

    def truth(self, workshop: Workshop) -> Truth | None:  # noqa: ARG002 - Member's
        """Return None."""
        return None

    def test(self, workshop: Workshop) -> Ballot:  # noqa: ARG002 - Member's
        """Return the store."""
        return StoredBallot(Mixture.mean([open_store(self.path)]))


@dataclass(frozen=True)
class Submitted:
    """A submission, anybody's: nothing tells how good it is."""

    name: str
    path: Path
    networks: Sequence[Path] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The competition's, whose form the file has."""
        return trash_table().names

    def validated(self, workshop: Workshop) -> Store | None:  # noqa: ARG002 - Member's
        """Return None."""
        return None

    def truth(self, workshop: Workshop) -> Truth | None:  # noqa: ARG002 - Member's
        """Return None."""
        return None

    def test(self, workshop: Workshop) -> Ballot:  # noqa: ARG002 - Member's
        """Open the file.

        Raises:
            DataError: the file is damaged, or its maps have another size.
        """
        return SubmittedBallot.open(self.path)


KINDS: tuple[tuple[Callable[[Path], bool], Callable[[str, Path], Member]], ...] = (
    (lambda path: path.suffix == ".csv", Submitted),
    (lambda path: (path / RECORD).is_file(), CrossValidation),
    (Path.is_dir, Stored),
    (Path.is_file, Network),
)
"""How a path tells what it is; the first that fits."""


_DULL = ("checkpoints", "best.ckpt", "last.ckpt", "store", "oof", "submission.csv")
"""Parts of paths that all runs have."""


def open_members(listed: Any) -> list[Member]:
    """Return the members of the config, without opening them.

    Args:
        listed: paths, or name -> path.

    Raises:
        ConfigError: there are none, one stands there twice, or it does not exist.
        DataError: they predict different classes.
    """
    named = dict(listed) if isinstance(listed, Mapping) else _named([str(path) for path in _listed(listed)])
    if not named:
        raise ConfigError("members is empty; give members=[A,B]: checkpoints, runs of cv, stores or submissions.")
    members = [_member(str(name), Path(str(path)).expanduser()) for name, path in named.items()]
    for member in members[1:]:
        if member.classes != members[0].classes:
            raise DataError(
                f"{member.name} predicts {', '.join(member.classes)}, {members[0].name} "
                f"{', '.join(members[0].classes)}; only the same classes in the same order can be voted on."
            )
    return members


def _listed(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str) else value


def _member(name: str, path: Path) -> Member:
    if not path.exists():
        raise ConfigError(f"members: {path} does not exist; give checkpoints, runs of cv, stores or submissions.")
    return next(make for fits, make in KINDS if fits(path))(name, path)


def _named(paths: Sequence[str]) -> dict[str, str]:
    """Return a short name for each path: the last part that says something, numbered where two are alike."""
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise ConfigError(f"members holds {twice} twice; to count it more, give weights=.")
    named: dict[str, str] = {}
    for path in paths:
        short = next((part for part in reversed(Path(path).parts) if part not in _DULL), path)
        short = Path(short).stem if short.endswith((".csv", ".ckpt")) else short
        number = sum(name.rpartition("#")[0] == short or name == short for name in named)
        named[f"{short}#{number + 1}" if number else short] = path
    return named
