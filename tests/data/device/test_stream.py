"""The trainer sees the same batches for any number of workers and after a resume, also where they are mixed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from trashseg.data.augment import Augment
from trashseg.data.browsing import forms
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.device import Affine, ElasticTransform, GridDropout, HorizontalFlip, HueSaturationValue
from trashseg.data.mix import Mix, MixUp
from trashseg.quiet import quiet
from trashseg.types import Batch


def module(root: Path, aug: bool = True, mix: bool = True, **options: Any) -> TrashDataModule:
    transforms = {
        "flip": HorizontalFlip(), "affine": Affine(rotate=(-25, 25)), "elastic": ElasticTransform(60, 4),
        "hsv": HueSaturationValue(), "holes": GridDropout(),
    }  # fmt: skip
    mixers = Mix({"mixup": MixUp(0.5, alpha=1.0)}) if mix else None
    settings: dict[str, Any] = {"image_size": 32, "batch_size": 3, "num_workers": 0, "seed": 3, **options}
    return TrashDataModule(root=str(root), aug=Augment(transforms if aug else {}), mix=mixers, **settings)


class Recorder(pl.LightningModule):
    """Writes down what training and validation see."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, str]] = []
        self.validated: list[str] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002
        assert "draws" not in batch
        masks = [batch["mask"], *([batch["mask_b"]] if "mask_b" in batch else [])]
        self.seen.append((self.current_epoch, digest(batch["image"], *masks)))
        return self.weight * 1.0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        self.validated.append(digest(batch["image"], *batch["mask"]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def digest(*tensors: torch.Tensor) -> str:
    return hashlib.sha256(b"".join(tensor.contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def fit(datamodule: TrashDataModule, epochs: int, ckpt_path: Path | None = None) -> tuple[pl.Trainer, Recorder]:
    quiet()
    recorder = Recorder()
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, num_sanity_val_steps=0, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(recorder, datamodule, ckpt_path=ckpt_path, weights_only=True)
    return trainer, recorder


@pytest.fixture
def root(make_coco: Callable[..., Path]) -> Path:
    return make_coco({"train": 12, "val": 2, "test": 2})


def test_workers_and_a_resume_change_nothing(root: Path, tmp_path: Path) -> None:
    whole = fit(module(root), 3)[1]
    assert len(set(whole.seen)) == len(whole.seen) == 12
    trainer, first = fit(module(root, num_workers=2), 1)
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    second = fit(module(root, num_workers=1), 3, tmp_path / "one.ckpt")[1]
    assert first.seen + second.seen == whole.seen


def test_only_training_is_transformed(root: Path) -> None:
    plain, augmented = (fit(module(root, aug=aug, mix=False), 1)[1] for aug in (False, True))
    assert plain.validated == augmented.validated
    assert not set(plain.seen) & set(augmented.seen)


def test_the_second_target_moves_with_the_first(root: Path) -> None:
    datamodule = module(root)
    datamodule.prepare_data()
    mixed = [batch for batch in datamodule.train_dataloader() if "mask_b" in batch]
    assert mixed
    for batch in mixed:
        moved = datamodule.on_after_batch_transfer(batch, 0)
        both = datamodule.on_after_batch_transfer({**batch, "mask": batch["mask_b"], "mask_b": batch["mask"]}, 0)
        assert torch.equal(moved["mask_b"], both["mask"])
        assert torch.equal(moved["mask"], both["mask_b"])
        assert moved["lam"] == batch["lam"]


def test_the_contact_sheet_shows_each_alone_and_then_the_whole(root: Path) -> None:
    datamodule = module(root)
    datamodule.prepare_data()
    shown = forms(datamodule, 0, 2)
    assert [name for name, _, _ in shown] == [
        "original", "flip", "affine", "elastic", "hsv", "holes", "recipe, draw 1", "recipe, draw 2"
    ]  # fmt: skip
    image, mask = datamodule.resize.image(shown[0][1]), datamodule.resize.mask(shown[0][2])
    np.testing.assert_array_equal(shown[1][1], image[:, ::-1])
    np.testing.assert_array_equal(shown[1][2], mask[:, ::-1])
    assert all((picture != image).any() for _, picture, _ in shown[1:])
