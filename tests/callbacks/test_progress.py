"""The line an epoch: what it says with and without a validation in the epoch."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from trashseg.callbacks.progress import Progress

SCORES = [0.0, 0.25, 0.2]  # the first belongs to the pass before training


class Scored(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.scores = iter(SCORES)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:  # noqa: ARG002
        return self.layer(batch).square().mean()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        pass

    def on_validation_epoch_end(self) -> None:
        self.log_dict({"val/miou": torch.tensor(next(self.scores)), "val/loss": torch.tensor(0.5)})

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Ones(Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.ones(1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*isinstance.treespec.*")
def test_an_epoch_without_validation_shows_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    trainer = pl.Trainer(
        max_epochs=4, check_val_every_n_epoch=2, callbacks=[Progress()], logger=False, enable_checkpointing=False,
        accelerator="cpu", enable_model_summary=False, log_every_n_steps=1,
    )  # fmt: skip
    trainer.fit(Scored(), DataLoader(Ones()), DataLoader(Ones()))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert ["val" in line for line in lines] == [False, True, False, True]
    assert "val mIoU 0.2500 *" in lines[1]
    assert "val mIoU 0.2000" in lines[3]
    assert "*" not in lines[3]


def trainer(epoch: int, **others: Any) -> Any:
    values = {"sanity_checking": False, "is_global_zero": True, "max_epochs": 10}
    return SimpleNamespace(current_epoch=epoch, **values, **others)


def test_the_line_of_an_epoch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for hook in ("on_train_epoch_start", "on_train_batch_end", "on_train_epoch_end"):
        monkeypatch.setattr(f"lightning.pytorch.callbacks.TQDMProgressBar.{hook}", lambda *_: None)
    progress = Progress()
    for epoch, miou in enumerate([0.25, 0.2, 0.5, math.nan]):
        scores = {"train/loss": torch.tensor(9.0), "val/loss": torch.tensor(2.0), "val/miou": torch.tensor(miou)}
        progress.on_train_epoch_start(trainer(epoch), SimpleNamespace())  # type: ignore[arg-type]
        for loss in (1.0, 2.0):  # the line shows the epoch's mean, not the last batch
            progress.on_train_batch_end(trainer(epoch), SimpleNamespace(), {"loss": torch.tensor(loss)}, None, 0)  # type: ignore[arg-type]
        progress.on_validation_epoch_end(trainer(epoch), SimpleNamespace())  # type: ignore[arg-type]
        progress.on_train_epoch_end(trainer(epoch, callback_metrics=scores), SimpleNamespace())  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch   1/10  train loss 1.5000  val loss 2.0000  val mIoU 0.2500 *")
    assert [" *" in line for line in lines] == [True, False, True, False]
    resumed = Progress()
    resumed.load_state_dict(progress.state_dict())
    assert resumed.state_dict() == {"best": 0.5, "losses": []}
