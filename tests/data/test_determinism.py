"""The same seed gives the same batches, byte for byte: for any number of workers, and after a run is resumed."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import albumentations
import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from trashseg.data.augment import Augment
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.mix import ClassMix, CopyPaste, CutMix, Mix, MixUp, Mosaic, ObjectMix
from trashseg.data.oversampling import RareClasses
from trashseg.quiet import quiet
from trashseg.types import Batch, Split


def module(root: Path, **options: Any) -> TrashDataModule:
    """Return a data module with everything random in it."""
    aug = Augment({"flip": albumentations.HorizontalFlip(p=0.5), "light": albumentations.RandomBrightnessContrast(p=1)})
    paste = CopyPaste({"Metal": 1, "Paper": 2, "Glass": 1, "Plastic": 1}, p=0.8, min_area=10)
    mixers = {"paste": paste, "cutmix": CutMix(0.3), "classmix": ClassMix(0.3), "mosaic": Mosaic(0.3),
              "objects": ObjectMix(0.3), "mixup": MixUp(0.5, alpha=1.0)}  # fmt: skip
    sampler = RareClasses({"Metal": 2.5, "Battery": 3})
    settings: dict[str, Any] = {
        "image_size": 32, "batch_size": 3, "num_workers": 0, "seed": 3, "aug": aug, "mix": Mix(mixers),
        "sampler": sampler,
    }  # fmt: skip
    return TrashDataModule(root=str(root), **{**settings, **options})


def digest(batch: Batch) -> str:
    """Tell a batch by everything in it."""
    content = hashlib.sha256()
    for name, value in sorted(batch.items()):
        content.update(name.encode())
        content.update(
            value.cpu().contiguous().numpy().tobytes() if isinstance(value, torch.Tensor) else repr(value).encode()
        )
    return content.hexdigest()


def stream(datamodule: TrashDataModule, epochs: tuple[int, ...] = (0, 1)) -> list[list[str]]:
    loader, found = datamodule.train_dataloader(), []
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        found.append([digest(batch) for batch in loader])
        assert len(found[-1]) == len(loader) > 1
    return found


def at_rank(datamodule: TrashDataModule, rank: int, world_size: int) -> TrashDataModule:
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    datamodule.trainer = SimpleNamespace(global_rank=rank, world_size=world_size, strategy=strategy)  # type: ignore[assignment]
    return datamodule


@pytest.fixture
def root(make_coco: Callable[..., Path]) -> Path:
    return make_coco({"train": 12, "val": 2, "test": 2})


@pytest.mark.parametrize("num_workers", [1, 2])
def test_any_number_of_workers_gives_the_same_batches(root: Path, num_workers: int) -> None:
    alone = stream(module(root))
    assert len({one for epoch in alone for one in epoch}) == sum(map(len, alone))
    assert stream(module(root, num_workers=num_workers)) == alone


def test_an_epoch_depends_on_none_before_it(root: Path) -> None:
    assert stream(module(root), (0, 1, 2))[2] == stream(module(root), (2,))[0]


def test_seeds_and_epochs_differ(root: Path) -> None:
    first, second = stream(module(root))
    (other,) = stream(module(root, seed=4), (0,))
    assert not set(first) & set(second)
    assert not set(first) & set(other)


def test_ranks_differ_and_share_no_visit(root: Path) -> None:
    parts = [list(at_rank(module(root), rank, 2).train_dataloader()) for rank in (0, 1)]
    assert not {digest(batch) for batch in parts[0]} & {digest(batch) for batch in parts[1]}
    # Each batch is the same whichever process makes it.
    assert stream(at_rank(module(root, num_workers=1), 1, 2), (0,))[0] == [digest(batch) for batch in parts[1]]


def test_the_mixing_is_really_there(root: Path) -> None:
    datamodule = module(root)
    batches = list(datamodule.train_dataloader())
    assert any("mask_b" in batch for batch in batches)
    plain = list(module(root, mix=None).train_dataloader())
    assert [batch["name"] for batch in plain] == [batch["name"] for batch in batches]
    assert all(not torch.equal(a["image"], b["image"]) for a, b in zip(plain, batches, strict=True))


def test_visits_of_one_epoch_are_augmented_differently(root: Path) -> None:
    batches = list(module(root, mix=None, batch_size=2).train_dataloader())
    seen: dict[str, list[bytes]] = {}
    for batch in batches:
        for name, image in zip(batch["name"], batch["image"], strict=True):
            seen.setdefault(name, []).append(image.numpy().tobytes())
    repeated = [images for images in seen.values() if len(images) > 1]
    assert len(repeated) >= 2
    assert all(len(set(images)) == len(images) for images in repeated)


def test_pasted_objects_differ_between_visits(root: Path) -> None:
    paste = CopyPaste({"Metal": 1, "Paper": 2, "Glass": 1, "Plastic": 1}, p=1, min_area=10)
    masks: dict[str, list[bytes]] = {}
    for batch in module(root, mix=Mix({"paste": paste}), aug=None, batch_size=2).train_dataloader():
        for name, mask in zip(batch["name"], batch["mask"], strict=True):
            masks.setdefault(name, []).append(np.asarray(mask).tobytes())
    repeated = [found for found in masks.values() if len(found) > 1]
    assert len(repeated) >= 2
    assert all(len(set(found)) == len(found) for found in repeated)


def test_a_data_set_may_travel_to_another_process(root: Path) -> None:
    """As with workers that are spawned rather than forked."""
    loader = module(root).train_dataloader()
    alone = [digest(batch) for batch in loader]
    dataset, collate = pickle.loads(pickle.dumps((loader.dataset, loader.collate_fn)))
    batches = [collate([dataset[key] for key in keys]) for keys in loader.batch_sampler]  # type: ignore[union-attr]
    assert [digest(batch) for batch in batches] == alone


class Recorder(pl.LightningModule):
    """Writes down the digest of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, str]] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:  # noqa: ARG002
        self.seen.append((self.current_epoch, digest(batch)))
        return self.weight * 1.0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Nothing is validated here."""

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(root: Path, num_workers: int, epochs: int, ckpt_path: Path | None = None) -> tuple[pl.Trainer, list[Any]]:
    quiet()
    recorder = Recorder()
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, limit_val_batches=0, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(recorder, module(root, num_workers=num_workers), ckpt_path=ckpt_path, weights_only=True)
    return trainer, recorder.seen


@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 1)])
def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(root: Path, tmp_path: Path, before: int, after: int) -> None:
    whole = fit(root, 0, 3)[1]
    assert [epoch for epoch, _ in whole] == sorted(epoch for epoch, _ in whole)
    trainer, first = fit(root, before, 1)
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    second = fit(root, after, 3, tmp_path / "one.ckpt")[1]
    assert {epoch for epoch, _ in second} == {1, 2}
    assert first + second == whole


def test_lightning_knows_the_epochs_length(root: Path) -> None:
    datamodule = module(root, batch_size=2)
    trainer, seen = fit(root, 0, 1)
    assert trainer.num_training_batches == len(seen)
    # RareClasses of the module: the photographs that hold Metal or Battery, counted in the masks themselves.
    held = datamodule.dataset(Split.TRAIN).class_pixels > 0
    visits = int(np.select([held[:, 9], held[:, 4]], [3.0, 2.5], 1.0).sum())
    assert len(datamodule.train_dataloader()) == visits // 2 > 6
