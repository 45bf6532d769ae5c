"""Predictions of networks in stores of their own; a killed run goes on where it stopped."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from torch.utils.data import DataLoader
from tqdm import tqdm

from trashseg.checkpoint import Training, load_trained, read_training
from trashseg.data.datamodule import TrashDataModule
from trashseg.inference.opening import open_data
from trashseg.inference.predictor import build_predictor
from trashseg.inference.storing import origin
from trashseg.store import Store, StoreWriter, open_store
from trashseg.types import Batch, Split

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workshop:
    """Where networks are put to work.

    Args:
        cfg: the config, with ``data``, ``tta``, ``trainer`` and ``save``.
        folder: for the stores.
    """

    cfg: DictConfig
    folder: Path

    def data(self, training: Training) -> TrashDataModule:
        """Return the data that the command line asks for, or that of the network's training."""
        return open_data(self.cfg, training)

    def predict(self, checkpoint: Path, split: Split, name: str) -> Store:
        """Return the predictions of a network for a part of the data, made where they are missing.

        The photographs after a kill are put into the batches that they would have been in without it, so that the
        bytes are the same.

        Args:
            checkpoint: the network's file.
            split: the part.
            name: of the store, relative to the folder.
        """
        training, folder = read_training(checkpoint), self.folder / name / split.value
        datamodule = self.data(training)
        names = datamodule.dataset(split).names
        about = origin(self.cfg, training, str(datamodule.source.json_path(split)))
        with StoreWriter(folder, training.table.names, self.cfg.save, about) as store:
            num_done = len(store.names)
            if num_done == len(names):
                log.info("%s: %d photographs are predicted already", name, num_done)
            else:
                start = num_done // datamodule.batch_size * datamodule.batch_size
                self._fill(store, checkpoint, datamodule.eval_dataloader(split, start), name)
        return open_store(folder)

    def _fill(self, store: StoreWriter, checkpoint: Path, batches: DataLoader[Batch], name: str) -> None:
        predictor = build_predictor(self.cfg, load_trained(checkpoint))
        for batch in tqdm(batches, desc=f"predicting {name}", leave=False, disable=None):
            for photograph, probs in zip(batch["name"], predictor(batch), strict=True):
                if photograph not in store.names:
                    store.add(photograph, probs)
