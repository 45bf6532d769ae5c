"""ensemble.json: who voted, with which weights, and where their predictions lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trashseg.ensembling.ballots import Ballot
from trashseg.ensembling.judging import Judgement
from trashseg.ensembling.kinds import Member
from trashseg.ensembling.panel import Panel
from trashseg.files import write_json
from trashseg.store import Store, open_store
from trashseg.types import DataError

RECORD = "ensemble.json"


@dataclass(frozen=True)
class Record:
    """A finished ensemble.

    Args:
        members: name -> path, as the command line gave them.
        vote: ``soft`` or ``hard``.
        classes: the names of the K classes.
        weights: name -> K weights.
        stores: name -> folders of its predictions of the test photographs, one a network; a submission has none.
        score: what the members gain, plain values; None: nothing told.
    """

    members: dict[str, str]
    vote: str
    classes: list[str]
    weights: dict[str, list[float]]
    stores: dict[str, list[str]]
    score: dict[str, Any] | None

    @classmethod
    def of(cls, members: Sequence[Member], panel: Panel, judgement: Judgement | None) -> Record:
        """Return the record of an ensemble that has not voted yet."""
        return cls(
            members={member.name: str(member.path.absolute()) for member in members},
            vote="hard" if panel.hard else "soft",
            classes=list(members[0].classes),
            weights={member.name: panel.weights[i].tolist() for i, member in enumerate(members)},
            stores={},
            score=None if judgement is None else judgement.to_dict(),
        )

    def with_stores(self, ballots: Mapping[str, Ballot]) -> Record:
        """Return the record with where the members' predictions lie."""
        stores = {name: [str(store.folder.absolute()) for store in ballot.stores] for name, ballot in ballots.items()}
        return replace(self, stores=stores)

    def write(self, run_dir: Path) -> None:
        """Write the record into ``run_dir``, atomically."""
        write_json(run_dir / RECORD, asdict(self))

    @property
    def panel(self) -> Panel:
        """The members with their weights."""
        return Panel(self.vote == "hard", np.array(list(self.weights.values())), range(len(self.members)))

    def open_stores(self) -> list[Sequence[Store]]:
        """Return the predictions of each member, one store a network.

        Raises:
            DataError: a member has none, or they are gone.
        """
        for name, folders in self.stores.items():
            if not folders:
                raise DataError(f"{name} is a submission, whose pixels do not say how sure they are; leave it out.")
        return [[open_store(Path(folder)) for folder in folders] for folders in self.stores.values()]


def read_record(run_dir: Path) -> Record:
    """Read the record in ``run_dir``.

    Raises:
        DataError: there is none, it is damaged, or the run did not vote on the test photographs.
    """
    try:
        record = Record(**json.loads((run_dir / RECORD).read_bytes()))
    except OSError as error:
        raise DataError(
            f"{run_dir} holds no {RECORD}: give the run folder of a finished `trashseg ensemble`."
        ) from error
    except (ValueError, TypeError) as error:
        raise DataError(f"{run_dir / RECORD} is damaged; run trashseg ensemble again.") from error
    if not record.stores:
        raise DataError(f"{run_dir} did not predict the test photographs; run trashseg ensemble with test=true.")
    return record
