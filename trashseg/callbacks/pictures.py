"""Predictions beside the truth, as a picture after each epoch."""

from __future__ import annotations

import functools
import heapq
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import lightning.pytorch as pl
import numpy as np
import numpy.typing as npt
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger

from trashseg.metrics import confusion_matrix, mean_iou
from trashseg.pictures import prediction_panel, save_png
from trashseg.pictures.panel import Row
from trashseg.types import Batch

Array = npt.NDArray[np.uint8]


class _Shown(NamedTuple):
    """One photograph of the picture; the first two entries rank it."""

    num_classes: int
    rank: int
    row: Row


class PredictionPictures(pl.Callback):
    """Write ``epoch_NNN.png``: the validation photographs with most classes, truth, prediction and errors.

    The choice depends on the labels alone, so every epoch shows the same photographs; the pictures also go to
    TensorBoard and wandb where these log.

    Args:
        out_dir: folder of the pictures.
        num_images: photographs in a picture.
        every_n_epochs: epochs from one picture to the next; the last epoch always has one.
    """

    def __init__(self, out_dir: str, num_images: int = 4, every_n_epochs: int = 1) -> None:
        self.out_dir, self.num_images, self.every_n_epochs = Path(out_dir), num_images, every_n_epochs
        self._shown: list[_Shown] = []

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Begin a new choice."""
        self._shown = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Batch,
        batch_idx: int,  # noqa: ARG002
        dataloader_idx: int = 0,  # noqa: ARG002
    ) -> None:
        """Keep the photographs of this batch that show more classes than those kept so far."""
        if not self._due(trainer):
            return
        for i, mask in enumerate(batch["mask"]):
            num_present = len(np.unique(mask.cpu().numpy()))
            rank = -batch["index"][i]
            if batch["index"][i] < 0 or (self._full() and (num_present, rank) <= self._shown[0][:2]):
                continue
            entry = _Shown(num_present, rank, _row(batch, i, outputs["pred"][i], len(pl_module.table)))
            (heapq.heapreplace if self._full() else heapq.heappush)(self._shown, entry)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Write the picture."""
        if not self._shown or not trainer.is_global_zero:
            return
        rows = [entry.row for entry in sorted(self._shown, reverse=True)]
        picture = prediction_panel(rows, pl_module.table, title=f"Epoch {trainer.current_epoch + 1}")
        save_png(self.out_dir / f"epoch_{trainer.current_epoch + 1:03d}.png", picture)
        for logger in trainer.loggers:
            log_picture(logger, picture, trainer.global_step)

    def _full(self) -> bool:
        return len(self._shown) >= self.num_images

    def _due(self, trainer: pl.Trainer) -> bool:
        if trainer.sanity_checking:
            return False
        done = trainer.current_epoch + 1
        return done % self.every_n_epochs == 0 or done == trainer.max_epochs


def _row(batch: Batch, i: int, pred: Any, num_classes: int) -> Row:
    """Return the photograph at its label's size, the truth, the prediction and a caption with its mIoU."""
    height, width = batch["content"][i]
    image = batch["image"][i, :, :height, :width].permute(1, 2, 0).cpu().numpy()
    full = cv2.resize(image, batch["size"][i][::-1], interpolation=cv2.INTER_LINEAR)
    target = batch["mask"][i]
    score = float(mean_iou(confusion_matrix(pred, target, num_classes)))
    caption = f"{batch['name'][i]}\tmIoU {score:.2f}"
    return np.asarray(full, np.uint8), target.cpu().numpy(), pred.byte().cpu().numpy(), caption


@functools.singledispatch
def log_picture(logger: Logger, picture: Array, step: int) -> None:
    """Hand a picture to a logger that shows pictures; others are passed over."""


@log_picture.register
def _(logger: TensorBoardLogger, picture: Array, step: int) -> None:
    logger.experiment.add_image("val/predictions", picture, step, dataformats="HWC")


@log_picture.register
def _(logger: WandbLogger, picture: Array, step: int) -> None:
    logger.log_image("val/predictions", [picture], step=step)
