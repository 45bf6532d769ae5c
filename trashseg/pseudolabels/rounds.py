"""Rounds of training on labels that the last round's networks made; each is judged on photographs never seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trashseg.crossval.children import run_child, without
from trashseg.crossval.compare import compare
from trashseg.crossval.folds import BEGUN
from trashseg.crossval.run import RECORD as CV_RECORD
from trashseg.crossval.run import read_record as read_cv
from trashseg.types import ConfigError


@dataclass(frozen=True)
class Rounds:
    """Several rounds.

    Args:
        run_dir: the run's folder; each round has one of its own in it.
        members: name -> run folder of a cross-validation.
        ratio: visits of a photograph with pseudo labels of weight 1.
    """

    run_dir: Path
    members: dict[str, Path]
    ratio: float

    def __post_init__(self) -> None:
        for name, path in self.members.items():
            if not (path / CV_RECORD).is_file():
                raise ConfigError(
                    f"rounds: {name} is no run of trashseg cv ({path}), so that nothing tells how it was trained and "
                    "no photograph is left to judge it; give an ensemble of such runs, or rounds=0."
                )

    def train(self, number: int, labels: Path) -> dict[str, Path]:
        """Train every member's recipe with ``labels``, vote anew, and return the new runs."""
        folder = self.run_dir / f"round_{number}"
        runs = {name: folder / name for name in self.members}
        again = f"Repeat the command with hydra.run.dir={self.run_dir} to go on from there."
        for name, old in self.members.items():
            if not (runs[name] / CV_RECORD).is_file():
                arguments = [*self._recipe(old, labels), f"hydra.run.dir={runs[name]}"]
                run_child("cv", arguments, what=f"round {number} of {name}", remedy=again)
        return runs

    def vote(self, number: int, runs: dict[str, Path], overrides: Sequence[str]) -> Path:
        """Let the new runs vote as the first ensemble did; return the run's folder."""
        folder = self.run_dir / f"round_{number}" / "ensemble"
        listed = ", ".join(f"{name}: {path.absolute()}" for name, path in runs.items())
        arguments = [*without(overrides, ("members", "hydra")), f"members={{{listed}}}", f"hydra.run.dir={folder}"]
        run_child("ensemble", arguments, what=f"the vote of round {number}", remedy="")
        return folder

    def verdicts(self, before: dict[str, Path], after: dict[str, Path]) -> list[str]:
        """Return, for each member, whether the round made it better."""
        return [f"{name}\n{compare(before[name], after[name])}\n" for name in before]

    def _recipe(self, old: Path, labels: Path) -> list[str]:
        """Return the command line of a member's run, with the labels, on the same folds."""
        overrides = [
            text
            for text in json.loads((old / BEGUN).read_bytes())
            if not text.startswith(("data.folds", "data.pseudo"))
        ]
        folds = (old / read_cv(old).folds).absolute()
        labels = labels.absolute()
        return [*overrides, f"data.folds={folds}", f"data.pseudo={labels}", f"data.pseudo_ratio={self.ratio}"]
