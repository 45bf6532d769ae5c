"""Every network of a search on its photographs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from omegaconf import DictConfig

from trashseg.checkpoint import Trained, load_trained
from trashseg.config import plain
from trashseg.data.datamodule import TrashDataModule
from trashseg.files import digest
from trashseg.inference import Predictor
from trashseg.inference.opening import open_data
from trashseg.inference.summary import group_labels
from trashseg.tta import TTA, ViewAlone
from trashseg.ttasearch.cache import ViewCache
from trashseg.ttasearch.sampling import cache_views
from trashseg.types import Split

log = logging.getLogger(__name__)


@dataclass
class Predicted:
    """The photographs of all networks, N of them.

    Args:
        names: theirs.
        paths: their files in the cache.
        groups: the group of each by the data set's JSON (N,).
        num_classes: K.
        size: (height, width) of what the networks see of a photograph in the plain view.
    """

    names: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    groups: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    num_classes: int = 0
    size: tuple[int, int] = (0, 0)

    def extend(self, trained: Trained, datamodule: TrashDataModule, split: Split, paths: list[Path]) -> None:
        """Take in the photographs of one network."""
        dataset = datamodule.dataset(split)
        first = self.groups.max(initial=-1) + 1
        self.groups = np.concatenate([self.groups, first + group_labels(dataset, range(len(dataset)))])
        self.names += dataset.names
        self.paths += paths
        self.num_classes, self.size = len(trained.table), 2 * (datamodule.resize.image_size,)


def predict_views(cfg: DictConfig, tta: TTA, checkpoints: Sequence[Path], cache: ViewCache) -> Predicted:
    """Predict every view of the photographs of each network, those that the cache lacks.

    Args:
        cfg: the config, with ``data``, ``trainer``, ``split`` and ``stride``.
        tta: the views.
        checkpoints: the networks, each with its own validation part.
        cache: where the maps go.
    """
    predicted, split = Predicted(), Split(cfg.split)
    for part, path in enumerate(checkpoints):
        log.info("network %d of %d: %s", part + 1, len(checkpoints), path)
        trained = load_trained(path)
        datamodule = open_data(cfg, trained)
        place = cfg.trainer.accelerator, cfg.trainer.precision
        predictors = [Predictor(trained, ViewAlone(tta, name), *place) for name in tta.views]
        cache_views(predictors, datamodule.eval_dataloader(split), cache, part, cfg.stride)
        paths = [cache.path(part, index) for index in range(len(datamodule.dataset(split)))]
        predicted.extend(trained, datamodule, split, paths)
    return predicted


def origin(cfg: DictConfig, node: dict[str, Any], checkpoints: Sequence[Path]) -> dict[str, Any]:
    """Return all that the maps depend on, as plain JSON values; networks count by the content of their files."""
    return {
        "checkpoints": list(map(digest, checkpoints)),
        "tta": node,
        "data": plain(cfg.data),
        "precision": cfg.trainer.precision,
        "split": cfg.split,
        "stride": cfg.stride,
    }
