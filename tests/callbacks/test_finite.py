"""A NaN ends a training before it is saved, wherever it comes from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from trashseg.callbacks.finite import Finite
from trashseg.quiet import quiet
from trashseg.types import TrashsegError

BATCHES = 6


class Spoilt(pl.LightningModule):
    """Learns something, until its loss (or, without a trace in the loss, a weight) is ``value`` in one batch."""

    def __init__(self, place: tuple[int, int], value: float, *, weight: bool = False) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.place, self.value, self.weight = place, value, weight
        self.num_validated = 0

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        loss: torch.Tensor = self.layer(batch[0]).square().mean()
        here = (self.current_epoch, batch_idx) == self.place
        return loss * self.value if here and not self.weight else loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        if self.weight and (self.current_epoch, batch_idx) == self.place:
            self.layer.bias.data.fill_(self.value)

    def validation_step(self, *_: Any) -> None:
        self.num_validated += 1

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit(module: pl.LightningModule, folder: Path, every: int, accumulate: int = 1) -> None:
    quiet()
    data: DataLoader[Any] = DataLoader(TensorDataset(torch.randn(4 * BATCHES, 3)), batch_size=4)
    last = pl.callbacks.ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, max_epochs=3,
        num_sanity_val_steps=1, log_every_n_steps=every, callbacks=[Finite(), last], accumulate_grad_batches=accumulate,
    )  # fmt: skip
    trainer.fit(module, data, data)


@pytest.mark.parametrize("every", [1, 4, 100])
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("batch", [0, 3, BATCHES - 1])
def test_the_first_bad_batch_is_named_and_never_saved(tmp_path: Path, batch: int, value: float, every: int) -> None:
    module = Spoilt((1, batch), value)
    with pytest.raises(TrashsegError, match=rf"\({value}\) in batch {batch + 1} of epoch 2\. .*optim\.lr"):
        fit(module, tmp_path, every)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert content["epoch"] == 0
    assert all(weight.isfinite().all() for weight in content["state_dict"].values())
    assert module.num_validated == 1 + BATCHES, "only the sanity check's and the first epoch's"


def test_weights_that_the_last_step_spoilt_are_never_saved(tmp_path: Path) -> None:
    with pytest.raises(TrashsegError, match="weights are NaN or infinite in epoch 2"):
        fit(Spoilt((1, BATCHES - 1), math.nan, weight=True), tmp_path, every=2)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["epoch"] == 0


def test_a_large_loss_and_accumulated_gradients_pass(tmp_path: Path) -> None:
    fit(Spoilt((1, 2), 1e4), tmp_path, every=2, accumulate=4)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["epoch"] == 2


def test_all_processes_stop_where_another_one_met_it() -> None:
    class Other:
        """Stands for a trainer whose other process has a NaN."""

        current_epoch, log_every_n_steps = 0, 2

        class strategy:
            @staticmethod
            def reduce_boolean_decision(decision: bool) -> bool:
                assert decision
                return False

    finite, outputs = Finite(), {"loss": torch.tensor(0.5)}
    finite.on_train_batch_end(Other, None, outputs, None, 0)  # type: ignore[arg-type]
    with pytest.raises(TrashsegError, match="in a batch before 3 of epoch 1"):
        finite.on_train_batch_end(Other, None, outputs, None, 1)  # type: ignore[arg-type]
