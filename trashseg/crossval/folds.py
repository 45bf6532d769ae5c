"""The networks of a cross-validation: trained one after the other, or taken from a sweep."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from trashseg.checkpoint import read_checkpoint
from trashseg.config import conf_dir
from trashseg.crossval.children import only, run_child, without
from trashseg.data.folds.plan import PLAN_NAME, read_plan
from trashseg.files import write_json
from trashseg.types import CheckpointError, ConfigError

log = logging.getLogger(__name__)

SPLIT_KEYS = ("data", "method", "labels", "grouping", "sources", "k", "seed")
"""What the command line says to the split."""

BEGUN, FINISHED = "begun.json", "finished.json"
"""The command line of a run, in its folder; and what lies in the folder of a training that is done."""


@dataclass(frozen=True)
class Recipe:
    """One recipe over all folds.

    Args:
        run_dir: the cross-validation's folder.
        overrides: its command line.
        folds_dir: run folder of ``trashseg split``.
    """

    run_dir: Path
    overrides: Sequence[str]
    folds_dir: Path

    @property
    def again(self) -> str:
        """What to type to go on."""
        return f"Repeat the command with hydra.run.dir={self.run_dir} to go on from there."

    def fold_dir(self, fold: int) -> Path:
        """Return the run folder of the training that ``fold`` validates."""
        return self.run_dir / f"fold_{fold}"

    def check_same(self) -> None:
        """Refuse to go on in a folder that another command line began.

        Raises:
            ConfigError: naming what differs.
        """
        path, own = self.run_dir / BEGUN, sorted(self.overrides)
        if not path.is_file():
            write_json(path, own)
        before = json.loads(path.read_bytes())
        if before != own:
            raise ConfigError(
                f"{self.run_dir} was begun with {' '.join(before) or 'no options'}, this command says "
                f"{' '.join(own) or 'none'}; repeat the first one's to go on, or choose another hydra.run.dir."
            )

    def split(self) -> None:
        """Make the folds where there are none yet."""
        if not (self.folds_dir / PLAN_NAME).is_file():
            arguments = [*only(self.overrides, SPLIT_KEYS), f"hydra.run.dir={self.folds_dir}"]
            run_child("split", arguments, what="making the folds", remedy=self.again)

    def train(self, checkpoint: str) -> list[Path]:
        """Train the network of every fold that is not finished; return their files ``checkpoint``, last or best."""
        folds = range(len(read_plan(self.folds_dir).folds))
        for fold in folds:
            if (self.fold_dir(fold) / FINISHED).is_file():
                log.info("fold %d is trained already: %s", fold, self.fold_dir(fold))
            else:
                log.info("\nfold %d of %d", fold, len(folds))
                self._train(fold)
        return [self.fold_dir(fold) / "checkpoints" / f"{checkpoint}.ckpt" for fold in folds]

    def _train(self, fold: int) -> None:
        """Train the network of ``fold``, from where an interrupted run left off."""
        folder = self.fold_dir(fold)
        last = folder / "checkpoints" / "last.ckpt"
        # The later one of two values for a key counts.
        arguments = [
            *without(self.overrides, own_keys()),
            f"data.folds={self.folds_dir}",
            f"data.fold={fold}",
            f"hydra.run.dir={folder}",
            *([f"ckpt_path={last}"] if last.is_file() else []),
        ]
        run_child("train", arguments, what=f"the training of fold {fold}", remedy=self.again)
        write_json(folder / FINISHED, {"overrides": arguments})


def own_keys() -> set[str]:
    """Return the keys and groups of the config that only the cross-validation itself has."""
    content = OmegaConf.load(conf_dir() / "cv.yaml")
    groups = {str(group) for entry in content.defaults if isinstance(entry, DictConfig) for group in entry}
    return {*map(str, content), *groups, "ckpt_path"} - {"defaults", "hydra"}


def checkpoints_of_sweep(folder: Path, name: str) -> tuple[list[Path], Path]:
    """Return the checkpoint ``name`` of every fold in a sweep over ``data.fold``, and the folder of its folds.

    Raises:
        CheckpointError: a checkpoint was not trained on a fold.
        ConfigError: the folder holds none, a fold twice, or folds of several splits.
    """
    found: dict[int, Path] = {}
    splits: set[str] = set()
    for path in sorted(folder.glob(f"*/checkpoints/{name}.ckpt")):
        data = read_checkpoint(path)["config"]["data"]
        fold = data.get("fold")
        if fold is None:
            raise CheckpointError(f"{path} was not trained on a fold; runs= takes a sweep over data.fold=0,1,...")
        if fold in found:
            raise ConfigError(f"runs={folder} holds fold {fold} twice ({found[fold]}, {path}); sweep one recipe only.")
        found[fold] = path
        splits.add(str(data["folds"]))
    if len(splits) != 1 or sorted(found) != list(range(len(found))):
        listed = ", ".join(map(str, sorted(found))) or "none"
        raise ConfigError(
            f"runs={folder} holds the folds {listed} of {len(splits)} splits; it needs every fold of one: "
            "trashseg train -m data.folds=FOLDER data.fold=0,1,2,3,4"
        )
    return [found[fold] for fold in range(len(found))], Path(splits.pop())
