"""Real training steps of a config, again and again, each time from the same start."""

from __future__ import annotations

import copy
import gc
import warnings
from collections.abc import Mapping
from typing import Any, cast

import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import nn
from torch.utils.data import DataLoader

from trashseg import build
from trashseg.callbacks.rehearsal import noise
from trashseg.config import plain
from trashseg.module import SegmentationModule
from trashseg.recovery import explained
from trashseg.trainer import Trainer
from trashseg.tuning.timing import Stopwatch, Timing
from trashseg.types import Batch, ClassTable

ALONE = {
    "devices": 1, "num_nodes": 1, "strategy": "auto", "sync_batchnorm": False, "auto_batch": False,
    "max_epochs": 1, "max_steps": -1, "max_time": None, "limit_train_batches": 1.0, "overfit_batches": 0.0,
    "limit_val_batches": 0, "num_sanity_val_steps": 0, "profiler": None,
    "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False,
}  # fmt: skip
"""Settings of a trainer that does nothing but steps, on one device."""

NUM_LOSSES = 2
"""Losses that are compared: of the first step, and after one update."""


class Bench:
    """Measure the steps of a training: one batch of noise that stays on the device, no loader, no callbacks.

    Dropout and stochastic depth are off, so that losses can be compared.

    Args:
        cfg: of ``trashseg train``; weights are random.
        table: the classes.
        steps: how many steps count.
        warmup: how many come before them; together at least two.
    """

    def __init__(self, cfg: DictConfig, table: ClassTable, steps: int, warmup: int) -> None:
        self.cfg, self.table, self.steps, self.warmup = cfg, table, steps, warmup
        trainer = self.trainer(cfg)
        self.device, self.precision = trainer.strategy.root_device, str(trainer.precision)

    def run(self, changes: Mapping[str, Any]) -> Timing:
        """Return what a step costs with ``changes`` of the config (dotted key -> value).

        Raises:
            TrashsegError: the memory is too small.
            Exception: whatever else building or training raises; nothing of it stays in the memory.
        """
        cfg = changed(self.cfg, changes)
        try:
            return self._fit(cfg)
        finally:
            gc.collect()  # graphs of autograd refer to themselves
            torch.compiler.reset()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def net(self, cfg: DictConfig) -> nn.Module:
        """Return the network, with the same random weights each time."""
        torch.manual_seed(cfg.seed)
        return without_chance(build.build_net(cfg.model, len(self.table), resumed=True))

    def trainer(self, cfg: DictConfig, *callbacks: Stopwatch) -> Trainer:
        """Return a trainer that does nothing but steps."""
        torch.backends.cudnn.benchmark = False  # Lightning leaves it as the last trainer had it
        node = cfg.trainer.copy()
        with open_dict(node):
            node.update(ALONE)
        return build.build_trainer(node, list(callbacks), [])

    def batches(self, cfg: DictConfig) -> list[Batch]:
        """Return the batches of one step, all of them always the same photographs together."""
        size, num = cfg.data.batch_size, cfg.trainer.accumulate_grad_batches
        whole: Any = noise(size * num, cfg.data.get("crop_size") or cfg.data.image_size, len(self.table), self.device)
        parts = zip(whole["image"].split(size), whole["mask"].split(size), strict=True)
        return [cast(Batch, {**whole, "image": image, "mask": mask}) for image, mask in parts]

    def _fit(self, cfg: DictConfig) -> Timing:
        stopwatch = Stopwatch(self.warmup, NUM_LOSSES)
        trainer = self.trainer(cfg, stopwatch)
        recipe = build.build_recipe(cfg.optim, fused=trainer.fused_optimizer)
        module = SegmentationModule(self.net(cfg), build.build_loss(cfg.loss, self.table), recipe, self.table)
        batches = self.batches(cfg)
        loader: Any = DataLoader(batches * (self.warmup + self.steps), batch_size=None)  # type: ignore[arg-type]
        torch.manual_seed(cfg.seed)
        with warnings.catch_warnings(), explained(trainer, _settings(cfg)):
            warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")
            trainer.fit(module, loader)
        return stopwatch.timing(sum(len(batch["image"]) for batch in batches))


def _settings(cfg: DictConfig) -> dict[str, Any]:
    """Return the plain config for advice on memory: the batch is what was asked for, none is looked for."""
    config = plain(cfg)
    del config["trainer"]["auto_batch"]
    return config


def changed(cfg: DictConfig, changes: Mapping[str, Any]) -> DictConfig:
    """Return a copy of ``cfg`` with other values (dotted key -> value)."""
    other = copy.deepcopy(cfg)
    for key, value in changes.items():
        OmegaConf.update(other, key, value)
    return other


def without_chance(net: nn.Module) -> nn.Module:
    """Turn off dropout and stochastic depth, by torch's and timm's names, and return ``net``."""
    for module in net.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif hasattr(module, "drop_prob"):
            module.drop_prob = 0.0  # type: ignore[assignment]  # a plain number, whatever nn.Module declares
    return net
