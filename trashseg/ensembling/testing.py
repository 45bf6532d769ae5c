"""The vote on the test photographs: a submission, and on request the probabilities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig
from tqdm import tqdm

from trashseg.build import build_datamodule
from trashseg.checkpoint import read_training
from trashseg.config import plain
from trashseg.data.dataset import TrashDataset
from trashseg.ensembling.ballots import Ballot, mixtures_of
from trashseg.ensembling.kinds import Member
from trashseg.ensembling.mixture import Map
from trashseg.ensembling.panel import Panel, check_ballots
from trashseg.ensembling.predicting import Workshop
from trashseg.store import StoreWriter
from trashseg.submission import SubmissionReport, check_submission, write_submission
from trashseg.types import ConfigError, Split


def open_ballots(
    members: Sequence[Member], workshop: Workshop, *, hard: bool
) -> tuple[dict[str, Ballot], TrashDataset | None, list[str]]:
    """Return what each member says of the test photographs, these photographs, and their names in order.

    Without networks and data nothing knows the photographs themselves: the names are then those of the first member.
    """
    ballots = {member.name: member.test(workshop) for member in members}
    dataset = _dataset(members, workshop)
    names = list(next(iter(ballots.values())).names) if dataset is None else dataset.names
    check_ballots(ballots, names, hard=hard)
    return ballots, dataset, names


def _dataset(members: Sequence[Member], workshop: Workshop) -> TrashDataset | None:
    """Return the test photographs of the data, as far as anything names them."""
    network = next((path for member in members for path in member.networks), None)
    if network is not None:
        return workshop.data(read_training(network)).dataset(Split.TEST)
    if "_target_" in workshop.cfg.data:
        return build_datamodule(plain(workshop.cfg.data)).dataset(Split.TEST)
    return None


def write_vote(path: Path, maps: Iterable[Map], names: Sequence[str], num_classes: int) -> SubmissionReport:
    """Write the submission to ``path`` and check it as the scorer would read it."""
    write_submission(path, names, tqdm(maps, desc="voting", total=len(names), leave=False, disable=None))
    return check_submission(path, names, num_classes=num_classes)


def keep_probs(cfg: DictConfig, panel: Panel, ballots: Mapping[str, Ballot], names: Sequence[str]) -> Path:
    """Write the ensemble's probabilities of the test photographs to a store in the run's folder; return it.

    Raises:
        ConfigError: a member has no probabilities.
    """
    mixtures = mixtures_of(ballots.values())
    if len(mixtures) < len(ballots):
        raise ConfigError(f"keep={cfg.keep} needs probabilities of every member, and submissions hold none.")
    origins = [[store.about for store in mixture.stores] for mixture in mixtures]
    digest = hashlib.sha256(json.dumps([origins, panel.weights.tolist()], sort_keys=True).encode()).hexdigest()
    folder = Path(cfg.run_dir) / "store"
    with StoreWriter(folder, mixtures[0].classes, cfg.keep, {"ensemble": digest, "hard": panel.hard}) as store:
        for name in tqdm(names, desc="keeping", leave=False, disable=None):
            if name not in store.names:
                store.add(name, panel.probs(mixtures, name))
    return folder
