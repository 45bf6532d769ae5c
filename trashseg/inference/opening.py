"""Open a checkpoint and the data set that it is to be tried on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from trashseg.build import build_datamodule
from trashseg.checkpoint import Trained, Training, check_targets, find_checkpoint, load_trained
from trashseg.config import plain
from trashseg.data.datamodule import TrashDataModule
from trashseg.sweep.outcome import as_typed
from trashseg.types import CheckpointError


def open_trained(cfg: DictConfig) -> Trained:
    """Load the checkpoint that ``cfg.ckpt_path`` names."""
    return load_trained(find_checkpoint(cfg.ckpt_path, Path(cfg.run_dir)))


def open_run(cfg: DictConfig) -> tuple[Trained, TrashDataModule]:
    """Load the checkpoint of ``cfg`` and build the data that it asks for."""
    trained = open_trained(cfg)
    return trained, open_data(cfg, trained)


def open_data(cfg: DictConfig, trained: Training) -> TrashDataModule:
    """Build the data that the command line asks for, or that of the network's training, see :func:`build_eval_data`."""
    given = given_keys(as_typed(HydraConfig.get().overrides.task), "data")
    return build_eval_data(plain(cfg.data), trained, given)


def build_eval_data(data: dict[str, Any], trained: Training, given: set[str]) -> TrashDataModule:
    """Build the data to score: a chosen data set, or that of the training run with what is set instead.

    Photographs reach the network at the size of its training, unless ``image_size`` or ``resize`` is given.

    Args:
        data: the config's group ``data``.
        trained: the network.
        given: keys of ``data`` that stand on the command line.

    Raises:
        CheckpointError: the classes differ from the network's, or the checkpoint's own data set is unsafe or none.
    """
    trained_data = trained.config["data"]
    if "_target_" in data:
        kept = {key: trained_data[key] for key in ("image_size", "resize") if key not in given}
        data = {**data, **kept}
    else:
        check_targets(trained_data, trained.path)
        # The cache is this machine's, not that of the training.
        data = {**trained_data, "cache_dir": None, **{key: value for key, value in data.items() if value is not None}}
    datamodule = build_datamodule(data)
    if not isinstance(datamodule, TrashDataModule):
        raise CheckpointError(f"{trained.path}: its data is a {type(datamodule).__name__}; choose a set with data=...")
    datamodule.source.ensure()
    names = datamodule.classes.names
    if names != trained.table.names:
        raise CheckpointError(
            f"the classes differ: {trained.path} predicts {', '.join(trained.table.names)}, the data set has "
            f"{', '.join(names)}; map its categories with data.category_map or choose another checkpoint."
        )
    return datamodule


def given_keys(overrides: list[str], group: str) -> set[str]:
    """Return the keys of ``group`` that the command line sets ("data.image_size=256": image_size)."""
    keys = (text.lstrip("+").partition("=")[0] for text in overrides)
    return {key.removeprefix(f"{group}.") for key in keys if key.startswith(f"{group}.")}
