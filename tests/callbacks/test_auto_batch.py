"""Which batches are tried, and that all processes take what fits for each of them; tests/e2e has whole trainings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from trashseg.callbacks.auto_batch import AutoBatch, candidates, set_batch
from trashseg.callbacks.rehearsal import Rehearsal, noise
from trashseg.quiet import quiet

pytestmark = pytest.mark.usefixtures("no_traces")


class Data(pl.LightningDataModule):
    def __init__(self) -> None:
        super().__init__()
        self.batch_size, self.mix = 8, SimpleNamespace(mixup=None)
        self.resize = self.train_resize = SimpleNamespace(image_size=4)

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.ones(32, 1), batch_size=self.batch_size)  # type: ignore[arg-type]


class Module(pl.LightningModule):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.net, self.folder, self.sizes = nn.Linear(1, 1), folder, []

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(batch))
        return self.net(batch).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.net.parameters(), lr=0.1)

    def on_fit_end(self) -> None:
        torch.save([self.sizes, self.trainer.global_step], self.folder / f"rank{self.global_rank}.pth")


def test_two_processes_take_the_smaller_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet()

    def fits(rehearsal: Rehearsal, batch_size: int) -> bool:
        return batch_size <= 8 - 4 * rehearsal.module.global_rank

    monkeypatch.setattr(Rehearsal, "fits", fits)
    trainer = pl.Trainer(
        accelerator="cpu", devices=2, strategy="ddp_fork", max_epochs=1, accumulate_grad_batches=2, logger=False,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, callbacks=[AutoBatch()],
        use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(Module(tmp_path), datamodule=Data())
    saved = [torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in range(2)]
    # 32 photographs a process: eight batches of four, a step for every sixteen photographs as before.
    assert saved == [[[4] * 8, 2]] * 2


def test_candidates_divide_the_effective_batch() -> None:
    assert candidates(16) == [16, 8, 4, 2]
    assert candidates(12) == [12, 6, 4, 3, 2]
    assert candidates(7) == [7]
    assert candidates(2) == [2]
    assert candidates(1) == [1]
    for effective in range(1, 40):
        expected = {d for d in range(1, effective + 1) if effective % d == 0} - ({1} if effective > 1 else set())
        assert set(candidates(effective)) == expected


@pytest.mark.parametrize(("limit", "expected"), [(1.0, 1.0), (0.5, 0.5), (10, 20), (3, 6)])
def test_an_epoch_keeps_its_photographs(limit: float, expected: float) -> None:
    trainer, data = SimpleNamespace(accumulate_grad_batches=2, limit_train_batches=limit), SimpleNamespace(batch_size=8)
    set_batch(trainer, data, 4)  # type: ignore[arg-type]
    assert (data.batch_size, trainer.accumulate_grad_batches, trainer.limit_train_batches) == (4, 4, expected)


def test_made_up_batches_hold_every_class_and_leave_chance_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    batch = noise(3, 32, 11, torch.device("cpu"), mixup=True)
    assert torch.equal(torch.get_rng_state(), before)
    assert batch["image"].shape == (3, 3, 32, 32)
    assert batch["image"].dtype == batch["mask"].dtype == torch.uint8  # type: ignore[union-attr]
    assert all(len(mask.unique()) == 11 for name in ("mask", "mask_b") for mask in batch[name])  # type: ignore[literal-required]
    assert torch.equal(noise(3, 32, 11, torch.device("cpu"))["image"], batch["image"])
