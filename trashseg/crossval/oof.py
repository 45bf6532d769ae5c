"""Out-of-fold predictions: every photograph by the network that did not see it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import Tensor

from trashseg.checkpoint import Trained, load_trained, read_training
from trashseg.config import plain
from trashseg.crossval.saved import save_scores
from trashseg.files import digest
from trashseg.inference.opening import build_eval_data
from trashseg.inference.predictor import build_predictor
from trashseg.inference.scoring import score
from trashseg.store import StoreWriter
from trashseg.types import CheckpointError, ClassTable, Split

log = logging.getLogger(__name__)

STORE = Path("oof") / "store"
"""Where the predictions lie in the run's folder."""


def scores_path(run_dir: Path, fold: int) -> Path:
    """Return the file of what was counted on the photographs of ``fold``."""
    return run_dir / "oof" / f"fold_{fold}.npz"


def predict_folds(cfg: DictConfig, run_dir: Path, checkpoints: Sequence[Path]) -> ClassTable:
    """Predict and score the photographs of every fold that is not done yet; return the classes.

    Args:
        cfg: the config, with ``tta``, ``trainer`` and ``save``.
        run_dir: where the counts and the store go.
        checkpoints: the network of each fold, in their order.

    Raises:
        CheckpointError: a checkpoint is missing or damaged, or the networks have different classes.
        DataError: the store in ``run_dir`` holds the predictions of other networks.
    """
    table = read_training(checkpoints[0]).table
    with _open_store(cfg, run_dir, checkpoints, table) as store:
        for fold, path in enumerate(checkpoints):
            if scores_path(run_dir, fold).is_file():
                log.info("fold %d is predicted already", fold)
                continue
            trained = load_trained(path)
            if trained.table != table:
                raise CheckpointError(f"{path} has other classes than {checkpoints[0]}; train all folds alike.")
            _predict(cfg, trained, store, scores_path(run_dir, fold))
    return table


def _predict(cfg: DictConfig, trained: Trained, store: StoreWriter | None, path: Path) -> None:
    """Predict what a network did not see, and write the counts to ``path`` when all of it is done."""
    datamodule = build_eval_data({}, trained, set())
    batches = datamodule.eval_dataloader(Split.VAL)

    def keep(name: str, probs: Tensor) -> None:
        # A killed run may have got as far as some photographs of this fold.
        if store is not None and name not in store.names:
            store.add(name, probs)

    save_scores(path, score(build_predictor(cfg, trained), batches, len(trained.table), seed=cfg.seed, keep=keep))


def _open_store(
    cfg: DictConfig, run_dir: Path, checkpoints: Sequence[Path], table: ClassTable
) -> contextlib.AbstractContextManager[StoreWriter | None]:
    """Open the store to append, where the config asks for one."""
    if cfg.save is None:
        return contextlib.nullcontext()
    about: dict[str, Any] = {"checkpoints": list(map(digest, checkpoints)), "tta": plain(cfg.tta)}
    return StoreWriter(run_dir / STORE, table.names, cfg.save, about)
