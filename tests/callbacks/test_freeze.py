"""The backbone rests in exactly the epochs that were asked for: alone, in two processes, averaged and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trashseg.callbacks.checkpoint_io import AtomicCheckpointIO
from trashseg.callbacks.ema import EMA
from trashseg.callbacks.freeze import FreezeBackbone
from trashseg.quiet import quiet
from trashseg.types import ConfigError

pytestmark = pytest.mark.usefixtures("no_traces")


class Net(nn.Module):
    backbone_prefixes = ("encoder.",)

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
        self.encoder[2].bias.requires_grad_(False)  # such as freeze_unused leaves it
        self.decoder = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))


class Module(pl.LightningModule):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.net, self.folder = Net(), folder
        self.history: list[dict[str, torch.Tensor]] = []
        self.counts: list[int] = []

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        assert self.trainer.training
        return self.net(batch[0]).square().mean() + 0 * batch_idx

    def validation_step(self, *_: Any) -> None:
        assert not any(module.training for module in self.net.modules())

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        self.counts.append(sum(value.grad is not None for value in self.net.parameters()))

    def on_train_epoch_end(self) -> None:
        self.history.append({name: value.clone() for name, value in self.net.state_dict().items()})

    def on_fit_end(self) -> None:
        torch.save([self.history, self.counts], self.folder / f"rank{self.global_rank}.pth")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW([p for p in self.parameters() if p.requires_grad], lr=0.05, weight_decay=0.1)


def fit(folder: Path, *callbacks: pl.Callback, epochs: int = 4, resume: str | None = None, **options: Any) -> Module:
    quiet()
    torch.manual_seed(0)
    module = Module(folder)
    data: DataLoader[Any] = DataLoader(TensorDataset(torch.randn(16, 3)), batch_size=4)
    last = pl.callbacks.ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    trainer = pl.Trainer(
        **{"accelerator": "cpu", "devices": 1, **options}, logger=False, enable_progress_bar=False,
        enable_model_summary=False, max_epochs=epochs, callbacks=[*callbacks, last], plugins=[AtomicCheckpointIO()],
        num_sanity_val_steps=1, val_check_interval=0.5, gradient_clip_val=1.0,
    )  # fmt: skip
    trainer.fit(module, data, data, ckpt_path=resume, weights_only=True)
    return module


def rested(history: list[dict[str, torch.Tensor]], start: dict[str, torch.Tensor]) -> list[bool]:
    """Whether the backbone, statistics included, stayed the same in each epoch; the decoder always moves."""
    answers = []
    for before, after in zip([start, *history], history, strict=False):
        same = {name: torch.equal(before[name], value) for name, value in after.items()}
        assert not any(kept for name, kept in same.items() if name.startswith("decoder."))
        assert same["encoder.2.bias"]
        backbone = {kept for name, kept in same.items() if name.startswith("encoder.") and name != "encoder.2.bias"}
        assert len(backbone) == 1, same
        answers.append(backbone.pop())
    return answers


def start() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Net().state_dict()


@pytest.mark.parametrize(("epochs", "expected"), [(0, [False] * 4), (2, [True, True, False, False]), (-1, [True] * 4)])
def test_the_backbone_rests_in_the_first_epochs(tmp_path: Path, epochs: int, expected: list[bool]) -> None:
    module = fit(tmp_path, FreezeBackbone(epochs))
    assert rested(module.history, start()) == expected
    assert [name for name, value in module.net.named_parameters() if not value.requires_grad] == ["encoder.2.bias"]
    assert all(part.training for part in module.net.modules())


def test_frozen_gradients_do_not_count_in_the_clipping(tmp_path: Path) -> None:
    assert set(fit(tmp_path, FreezeBackbone(-1)).counts) == {4}
    assert set(fit(tmp_path, FreezeBackbone(0)).counts) == {9}


def test_a_resumed_run_rests_as_the_uninterrupted_one(tmp_path: Path) -> None:
    whole = fit(tmp_path / "whole", FreezeBackbone(2)).history
    for stop in (1, 2, 3):
        folder = tmp_path / str(stop)
        fit(folder, FreezeBackbone(2), epochs=stop)
        rest = fit(folder, FreezeBackbone(2), resume=str(folder / "last.ckpt")).history
        assert len(rest) == 4 - stop
        for name, value in rest[-1].items():
            assert torch.equal(value, whole[-1][name]), name


def test_the_average_of_a_resting_backbone_is_the_backbone(tmp_path: Path) -> None:
    fit(tmp_path, FreezeBackbone(-1), EMA(decay=0.9))
    averaged = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    for name, value in start().items():
        assert torch.equal(averaged[f"net.{name}"], value) == name.startswith("encoder."), name


def test_ddp_of_one_process(tmp_path: Path) -> None:
    assert rested(fit(tmp_path, FreezeBackbone(2), strategy="ddp").history, start()) == [True, True, False, False]
    torch.distributed.destroy_process_group()


def test_two_processes_rest_and_then_go_on_together(tmp_path: Path) -> None:
    fit(tmp_path, FreezeBackbone(2), devices=2, strategy="ddp_fork", use_distributed_sampler=True)
    saved = [torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in range(2)]
    ranks = [history for history, _ in saved]
    assert [counts for _, counts in saved] == [[4] * 4 + [9] * 4] * 2
    assert [rested(history, start()) for history in ranks] == [[True, True, False, False]] * 2
    for epoch in range(4):
        for name, value in ranks[0][epoch].items():
            if "running" not in name:
                assert torch.equal(value, ranks[1][epoch][name]), (epoch, name)


@pytest.mark.parametrize("epochs", [-2, 1.5, True])
def test_other_numbers_are_refused(epochs: Any) -> None:
    with pytest.raises(ConfigError, match=r"callbacks\.freeze\.epochs"):
        FreezeBackbone(epochs)
