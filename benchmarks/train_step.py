"""What the Trainer, our module, logging and callbacks cost on top of a plain loop. Prints one table.

Both train the same network from the same weights on the same batches in memory, with the same loss, optimiser,
schedule and clipping. They take turns, step by step, in one process: the plain step runs inside the first callback's
hook and its time is taken off. Run it as ``python benchmarks/train_step.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import logging
import statistics
import tempfile
import time
import warnings
from typing import Any

import lightning.pytorch as pl
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from torch import nn
from torch.utils.data import DataLoader

from trashseg import build
from trashseg.config import conf_dir
from trashseg.module import SegmentationModule
from trashseg.quiet import quiet
from trashseg.types import ClassTable


class PlainLoop(pl.Callback):
    """Train a copy of the network by hand between the Trainer's steps, and keep both kinds of times."""

    def __init__(self, net: nn.Module, loss: nn.Module, optim: dict[str, Any], clip: float | None) -> None:
        self.net, self.loss, self.clip = net.train(), loss, clip
        self.optimizer, self.scheduler = optim["optimizer"], optim["lr_scheduler"]["scheduler"]
        self.plain: list[float] = []
        self.trainer: list[float] = []
        self._left: float | None = None

    def on_train_batch_start(self, *hook: Any) -> None:
        """Close the Trainer's step, make a plain one, and open the Trainer's next."""
        entered = time.perf_counter()
        if self._left is not None:
            self.trainer.append(entered - self._left)
        self._step(hook[2])
        self._left = time.perf_counter()
        self.plain.append(self._left - entered)

    def _step(self, batch: Any) -> None:
        self.optimizer.zero_grad()
        loss = self.loss(self.net(batch["image"].float().div_(255)), batch["mask"])
        loss.backward()
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
        self.optimizer.step()
        self.scheduler.step()


def config(callbacks: str, run_dir: str) -> DictConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        return compose(
            "train",
            [
                "model=unet_lite0", "model.pretrained=false", f"callbacks={callbacks}", "trainer=cpu",
                "trainer.max_epochs=1", "trainer.limit_val_batches=0", f"run_dir='{run_dir}'",
            ],
        )  # fmt: skip


def batches(steps: int, size: int, batch_size: int) -> DataLoader[Any]:
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (batch_size, 3, size, size), dtype=torch.uint8, generator=generator)
    mask = torch.randint(0, 11, (batch_size, size, size), dtype=torch.uint8, generator=generator)
    return DataLoader([{"image": image, "mask": mask}] * steps, batch_size=None)  # type: ignore[arg-type]


def measure(callbacks: str, steps: int, size: int, batch_size: int) -> tuple[float, float, float]:
    """Return the median milliseconds of a plain step and of the Trainer's, and the median of their ratios."""
    with tempfile.TemporaryDirectory() as run_dir:
        cfg = config(callbacks, run_dir)
        table = ClassTable.from_mapping(cfg.data.classes)
        torch.manual_seed(0)
        net, loss = build.build_net(cfg.model, len(table)), build.build_loss(cfg.loss, table)
        recipe = build.build_recipe(cfg.optim)
        twin = copy.deepcopy(net)
        plain = PlainLoop(twin, loss, recipe.build(twin, total_steps=steps), cfg.trainer.gradient_clip_val)
        ours = [plain, *build.build_callbacks(cfg.callbacks)]
        trainer = build.build_trainer(cfg.trainer, ours, build.build_loggers(cfg.logger))
        module = SegmentationModule(net, loss, recipe, table)
        with contextlib.redirect_stdout(io.StringIO()):  # the line that an epoch prints is no row of the table
            trainer.fit(module, batches(steps, size, batch_size))
    pairs = list(zip(plain.plain, plain.trainer, strict=False))[5:]
    by_hand, driven = (1000 * statistics.median(pair[k] for pair in pairs) for k in range(2))
    return by_hand, driven, statistics.median(pair[1] / pair[0] for pair in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--batch-size", type=int, default=4)
    options = parser.parse_args()
    quiet()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")
    print(f"unet_lite0, {options.size} px, batch {options.batch_size}, {options.steps} steps, one thread, median")
    print(f"{'callbacks':<44}{'plain loop ms':>14}{'trashseg ms':>13}{'over':>8}")
    kinds = {"plain": "checkpoints, log, pictures, progress", "default": "the same and averaged weights (EMA)"}
    for callbacks, text in kinds.items():
        plain, ours, ratio = measure(callbacks, options.steps, options.size, options.batch_size)
        print(f"{text:<44}{plain:>14.1f}{ours:>13.1f}{100 * (ratio - 1):>7.1f}%", flush=True)


if __name__ == "__main__":
    main()
