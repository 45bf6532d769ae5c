"""The LightningModule: network, loss, metrics and optimiser, nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torchmetrics import MeanMetric

from trashseg.maps import fast_argmax, restore, to_square, unit_image
from trashseg.metrics import ConfusionMatrix, iou_per_class, mean_iou, pixel_accuracy
from trashseg.optim import Recipe
from trashseg.types import Batch, ClassTable, ConfigError, did_you_mean

PixelLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MixedLoss:
    """The pixel loss of MixUp: lam * loss(first target) + (1 - lam) * loss(second target).

    For cross-entropy that is the loss of the soft target lam * first + (1 - lam) * second. The network hands in the
    first target only; so every part of its loss must come from here.

    Args:
        pixel_loss: (logits, target (N, H, W)) to a scalar.
        second: (N, H, W), the second target.
        lam: weight of the first, 0..1.
    """

    def __init__(self, pixel_loss: PixelLoss, second: torch.Tensor, lam: float) -> None:
        self.pixel_loss, self.second, self.lam = pixel_loss, second, lam
        self._num_calls = 0

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss of ``logits`` (N, K, H, W) and the first ``target`` (N, H, W)."""
        if target.shape != self.second.shape:
            self._refuse()
        self._num_calls += 1
        return self.lam * self.pixel_loss(logits, target) + (1 - self.lam) * self.pixel_loss(logits, self.second)

    def check(self, num_parts: int) -> None:
        """Refuse a loss of ``num_parts`` parts that did not all come from here.

        Raises:
            ConfigError: MixUp cannot be used with this network.
        """
        if self._num_calls < num_parts:
            self._refuse()

    def _refuse(self) -> None:
        raise ConfigError(
            "mix=mixup: this network's own loss takes no second target; give mix.mixup=null, or another option of mix, "
            "such as mix=cutmix."
        )


class SegmentationModule(pl.LightningModule):
    """Train and validate a network.

    Logs ``train/loss`` (and each part that the network's own loss names), ``val/loss``, ``val/miou``,
    ``val/pixel_acc`` and ``val/iou/<class>``. Validation scores are those of the whole set, at the photographs' own
    size, from one confusion matrix.

    Args:
        net: image (N, 3, H, W) in [0, 1] to logits (N, K, H, W); with a method ``training_loss(image, target,
            pixel_loss)`` that returns named parts, the network sums its own loss.
        pixel_loss: (logits, target (N, H, W)) to a scalar.
        recipe: builds the optimiser and its schedule.
        table: the K classes, background first.
    """

    def __init__(self, net: nn.Module, pixel_loss: PixelLoss, recipe: Recipe, table: ClassTable) -> None:
        super().__init__()
        self.net, self.pixel_loss, self.recipe, self.table = net, pixel_loss, recipe, table
        self.confusion = ConfusionMatrix(len(table))
        self.val_loss = MeanMetric()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for images (N, 3, H, W) in [0, 1]."""
        logits: torch.Tensor = self.net(image)
        return logits

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002 - Lightning's signature
        """Return the loss of one batch.

        Raises:
            ConfigError: as :meth:`losses`.
        """
        parts, num_images = self.losses(batch), len(batch["image"])
        loss = torch.stack(list(parts.values())).sum()
        self.log("train/loss", loss, prog_bar=True, batch_size=num_images)
        if len(parts) > 1:
            self.log_dict({f"train/{name}": part for name, part in parts.items()}, batch_size=num_images)
        return loss

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Return the named parts of the loss of one training batch, scalars to be summed.

        Raises:
            ConfigError: MixUp gives two targets and the network's own loss takes one.
        """
        image = unit_image(batch["image"])
        if "mask_b" not in batch:
            return self._loss_parts(image, batch["mask"], self.pixel_loss)
        mixed = MixedLoss(self.pixel_loss, batch["mask_b"], batch["lam"])
        parts = self._loss_parts(image, batch["mask"], mixed)
        mixed.check(len(parts))
        return parts

    def _loss_parts(self, image: torch.Tensor, target: Any, pixel_loss: PixelLoss) -> dict[str, torch.Tensor]:
        """Return the named parts of the loss, to be summed."""
        own_loss = getattr(self.net, "training_loss", None)
        if own_loss is None:
            return {"loss": pixel_loss(self.net(image), target)}
        parts: dict[str, torch.Tensor] = own_loss(image, target, pixel_loss)
        return parts

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:  # noqa: ARG002
        """Update the scores; returns ``pred``, a class map (H, W) of each photograph."""
        logits = self.net(unit_image(batch["image"])).float()
        probs = logits.softmax(1)
        preds = []
        for i, (mask, content, size) in enumerate(zip(batch["mask"], batch["content"], batch["size"], strict=True)):
            pred = fast_argmax(restore(probs[i : i + 1], content, size))[0]
            preds.append(pred)
            if batch["index"][i] >= 0:
                self.confusion.update(pred, mask)
                target = to_square(mask, content, (logits.shape[-2], logits.shape[-1]))
                self.val_loss.update(self.pixel_loss(logits[i : i + 1], target[None]))
        return {"pred": preds}

    def on_validation_epoch_end(self) -> None:
        """Log the scores of the whole validation set."""
        matrix = self.confusion.compute()
        self.log("val/loss", self.val_loss.compute())
        self.log("val/miou", mean_iou(matrix), prog_bar=True)
        self.log("val/pixel_acc", pixel_accuracy(matrix))
        for name, value in zip(self.table.names, iou_per_class(matrix), strict=True):
            self.log(f"val/iou/{name}", value.float())
        self.confusion.reset()
        self.val_loss.reset()

    def on_validation_end(self) -> None:
        """Step the schedules that watch a score, such as plateau."""
        if self.trainer.sanity_checking:
            return
        for config in self.trainer.lr_scheduler_configs:
            if config.monitor is None:
                continue
            scores = self.trainer.callback_metrics
            if config.monitor not in scores:
                help_ = did_you_mean(config.monitor, scores)
                raise ConfigError(f"optim.schedule.monitor={config.monitor} is not logged. {help_}")
            config.scheduler.step(float(scores[config.monitor]))  # type: ignore[arg-type]  # plateau's takes the score

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Build the optimiser and its schedule for the steps that the trainer will take."""
        built = self.recipe.build(self.net, total_steps=self.trainer.estimated_stepping_batches)
        if "monitor" in built["lr_scheduler"]:
            # Lightning would step it after the epoch's checkpoint is written, and a resumed run would lose that step;
            # on_validation_end does it instead.
            built["lr_scheduler"]["frequency"] = sys.maxsize
        return built  # type: ignore[return-value]
