"""The composition root: what turns a config into the parts of a training."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig
from torch import nn

from trashseg.callbacks.checkpoint_io import AtomicCheckpointIO
from trashseg.config import instantiate, plain
from trashseg.data.augment import Augment
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.mix import Mix
from trashseg.models.contract import SegmentationNet, freeze_unused
from trashseg.optim import Recipe
from trashseg.post import Post, Step
from trashseg.trainer import Trainer
from trashseg.tta import TTA
from trashseg.types import ClassTable, ConfigError

log = logging.getLogger(__name__)


def build_datamodule(data: Any, aug: DictConfig | None = None, mix: DictConfig | None = None) -> TrashDataModule:
    """Build the data module; ``aug`` and ``mix`` are the mappings of the training part's transforms and mixers."""
    transforms = instantiate(aug, "aug") if aug is not None else {}
    mixers = instantiate(mix, "mix") if mix is not None else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=r".*not valid for transform.*")
        datamodule: TrashDataModule = instantiate(data, "data", aug=Augment(transforms), mix=Mix(mixers))
    return datamodule


def build_net(model: Any, num_classes: int, *, resumed: bool = False) -> SegmentationNet:
    """Build the network with ``num_classes`` outputs and freeze what no gradient reaches.

    A ``resumed`` one takes all its weights from the checkpoint, so that none are fetched.
    """
    node = without_start(model) if resumed else model
    net: SegmentationNet = instantiate(node, "model", num_classes=num_classes)
    if not (resumed or model.get("pretrained", True) or model.get("weights")):
        log.info("model.pretrained=false: the network starts from random weights")
    frozen = freeze_unused(net)
    if frozen:
        log.info("%d parameters that no gradient reaches are frozen: %s, ...", len(frozen), frozen[0])
    if net.to_compile:
        net.compile()
    return net


def without_start(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a network that takes all its weights from a checkpoint: nothing is fetched."""
    return {**model, "pretrained": False, "weights": None}


def build_loss(loss: Any, table: ClassTable) -> nn.Module:
    """Build the pixel loss.

    Raises:
        ConfigError: class weights are named for other classes, or in another order, than ``table`` has.
    """
    built: nn.Module = instantiate(loss, "loss")
    for part in built.modules():
        names = getattr(part, "class_names", None)
        if names is not None and tuple(names) != table.names:
            raise ConfigError(
                f"loss: the weights are for {', '.join(names)}, the data set has {', '.join(table.names)}; "
                "give one weight a class, in this order."
            )
    return built


def build_recipe(optim: Any, *, fused: bool = False) -> Recipe:
    """Build the optimiser's recipe; ``fused``: with a step of one kernel, where the optimiser has it."""
    recipe: Recipe = instantiate(optim, "optim", fused=fused)
    return recipe


def build_tta(tta: Any) -> TTA:
    """Build the test-time augmentation."""
    built: TTA = instantiate(tta, "tta")
    return built


def build_post(post: Any, class_names: Sequence[str]) -> Post:
    """Build the steps of post-processing for K classes, named in the order of their ids."""
    return Post(instantiate(post, "post"), class_names)


def build_candidates(candidates: Any) -> dict[str, dict[str, Step]]:
    """Build the settings of each step of post-processing that out-of-fold photographs choose from."""
    built: dict[str, dict[str, Step]] = instantiate(candidates, "candidates")
    return built


def build_callbacks(callbacks: Mapping[str, Any] | None) -> list[Callback]:
    """Build the named callbacks that are not null."""
    return _values(callbacks, "callbacks")


def build_loggers(logger: Mapping[str, Any] | None) -> list[Logger]:
    """Build the named loggers that are not null."""
    return _values(logger, "logger")


def _values(node: Mapping[str, Any] | None, where: str) -> list[Any]:
    return [instantiate(entry, f"{where}.{name}") for name, entry in (node or {}).items() if entry is not None]


def build_trainer(trainer: DictConfig, callbacks: list[Callback], loggers: list[Logger]) -> Trainer:
    """Build the trainer; ``precision=auto`` is resolved by the card.

    Raises:
        ConfigError: the device does not exist or an argument is wrong.
    """
    arguments = plain(trainer)
    accelerator = str(arguments["accelerator"])
    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ConfigError(f"trainer.accelerator={accelerator}: torch sees no GPU; use trainer=cpu.")
    arguments["precision"] = choose_precision(str(arguments["precision"]), accelerator)
    if arguments.get("sync_batchnorm") and not _has_gpu(accelerator):
        log.info("batch norm is not synchronised between the processes: torch can do so on GPUs only")
        arguments["sync_batchnorm"] = False
    fixed: dict[str, Any] = {"callbacks": callbacks, "logger": loggers or False, "plugins": [AtomicCheckpointIO()]}
    try:
        built: Trainer = instantiate(arguments, "trainer")(**fixed)
    except (TypeError, ValueError, RuntimeError, MisconfigurationException) as error:
        raise ConfigError(f"trainer: {' '.join(str(error).split())}") from error
    return built


def choose_precision(precision: str, accelerator: str) -> str:
    """Return Lightning's precision for ``auto``: bf16 from Ampere on, fp16 on older cards, fp32 on a CPU."""
    if precision != "auto":
        return precision
    if not _has_gpu(accelerator):
        return "32-true"
    # With emulation a V100 claims bf16 too, and would be slow.
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def _has_gpu(accelerator: str) -> bool:
    return accelerator != "cpu" and torch.cuda.is_available()
