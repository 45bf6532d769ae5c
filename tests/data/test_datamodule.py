"""Batches: the same whatever loads them, each validation photograph once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import albumentations
import numpy as np
import pytest
import torch

from trashseg.build import build_datamodule
from trashseg.data.augment import Augment
from trashseg.data.datamodule import TrashDataModule
from trashseg.types import ConfigError, DataError, Split


def module(root: Path, **options: Any) -> TrashDataModule:
    aug = Augment({"flip": albumentations.HorizontalFlip(p=0.5), "light": albumentations.RandomBrightnessContrast(p=1)})
    settings = {"image_size": 32, "batch_size": 2, "num_workers": 0, "seed": 3, "aug": aug, **options}
    return TrashDataModule(root=str(root), **settings)


def at_rank(datamodule: TrashDataModule, rank: int, world_size: int) -> TrashDataModule:
    root_device = torch.device("cpu")
    datamodule.trainer = SimpleNamespace(  # type: ignore[assignment]
        global_rank=rank, world_size=world_size, strategy=SimpleNamespace(root_device=root_device)
    )
    return datamodule


def epoch_of(datamodule: TrashDataModule, epoch: int = 0) -> dict[str, bytes]:
    loader = datamodule.train_dataloader()
    loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
    found = {}
    for batch in loader:
        for name, image, mask in zip(batch["name"], batch["image"], batch["mask"], strict=True):
            found[name] = image.numpy().tobytes() + mask.numpy().tobytes()
    return found


def test_samples_are_the_same_for_any_number_of_workers(tiny_coco: Path) -> None:
    single = [epoch_of(module(tiny_coco), epoch) for epoch in (0, 1)]
    assert list(single[0]) == list(epoch_of(module(tiny_coco)))
    for num_workers in (1, 2):
        datamodule = module(tiny_coco, num_workers=num_workers)
        assert [list(epoch_of(datamodule, e).items()) for e in (0, 1)] == [list(one.items()) for one in single]


def test_samples_differ_by_epoch_and_seed(tiny_coco: Path) -> None:
    first, second = epoch_of(module(tiny_coco), 0), epoch_of(module(tiny_coco), 1)
    other = epoch_of(module(tiny_coco, seed=4), 0)
    assert set(first) == set(second) == set(other)
    assert all(first[name] != second[name] and first[name] != other[name] for name in first)


def test_ranks_share_the_training_photographs(tiny_coco: Path) -> None:
    parts = [epoch_of(at_rank(module(tiny_coco), rank, 2)) for rank in (0, 1)]
    assert not set(parts[0]) & set(parts[1])
    alone = epoch_of(module(tiny_coco))
    assert {**parts[0], **parts[1]} == alone


def test_training_may_see_smaller_squares_than_validation(tiny_coco: Path) -> None:
    crop = Augment({"crop": albumentations.RandomCrop(16, 16, p=1)})
    datamodule = module(tiny_coco, crop_size=16, aug=crop)
    assert {batch["image"].shape[-2:] for batch in datamodule.train_dataloader()} == {(16, 16)}
    assert {batch["image"].shape[-2:] for batch in datamodule.val_dataloader()} == {(32, 32)}
    # Scored as validation photographs are, also where it is the training part.
    assert {batch["image"].shape[-2:] for batch in datamodule.eval_dataloader(Split.TRAIN)} == {(32, 32)}


@pytest.mark.parametrize("num_val", [1, 4, 5])
def test_validation_over_two_ranks_counts_each_once(make_coco: Callable[..., Path], num_val: int) -> None:
    root = make_coco({"train": 2, "val": num_val})
    batches = [list(at_rank(module(root), rank, 2).val_dataloader()) for rank in (0, 1)]
    assert len(batches[0]) == len(batches[1])
    assert [len(batch["index"]) for batch in batches[0]] == [len(batch["index"]) for batch in batches[1]]
    counted = [index for part in batches for batch in part for index in batch["index"] if index >= 0]
    assert sorted(counted) == list(range(num_val))
    pixels = sum(int((mask != 255).sum()) for part in batches for batch in part for mask in batch["mask"])
    assert pixels == num_val * 48 * 64


def test_the_last_incomplete_training_batch_is_left_out(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"train": 5, "val": 1})
    assert [len(batch["index"]) for batch in module(root).train_dataloader()] == [2, 2]
    assert [len(batch["index"]) for batch in module(root, batch_size=8).train_dataloader()] == [5]
    assert [len(batch["index"]) for batch in module(root, batch_size=1).train_dataloader()] == [1] * 5
    with pytest.raises(DataError, match="5 training photographs are too few for 3 processes"):
        at_rank(module(root), 0, 3).train_dataloader()


def test_training_part_without_transforms_for_scores(tiny_coco: Path) -> None:
    batch = next(iter(module(tiny_coco).eval_dataloader(Split.TRAIN)))
    assert batch["name"] == ["batch_01_vt/0000.jpg", "batch_01_vt/0001.jpg"]
    assert [mask.shape for mask in batch["mask"]] == [(48, 64)] * 2
    again = next(iter(module(tiny_coco, seed=9).eval_dataloader(Split.TRAIN)))
    assert torch.equal(batch["image"], again["image"])


def test_holdout_parts_share_no_photograph(make_coco: Callable[..., Path]) -> None:
    datamodule = module(make_coco({"train": 20}), val=None, test=None)
    train, val = datamodule.dataset(Split.TRAIN).names, datamodule.dataset(Split.VAL).names
    assert not set(train) & set(val)
    assert len(train) + len(val) == 20


def test_bad_entries_stop_or_are_skipped(make_coco: Callable[..., Path], caplog: Any) -> None:
    root = make_coco({"train": 4, "val": 2})
    (root / "batch_01_vt/0002.jpg").write_bytes(b"no photograph")
    with pytest.raises(DataError, match=r"0002\.jpg"):
        module(root).prepare_data()
    datamodule = module(root, on_bad="skip")
    with caplog.at_level(logging.WARNING):
        datamodule.prepare_data()
    assert "leaves out 1 of 4 images" in caplog.text
    assert len(datamodule.dataset(Split.TRAIN)) == 3
    with pytest.raises(ConfigError, match=r"data\.on_bad"):
        module(root, on_bad="ignore").prepare_data()


def test_generated_scenes_are_made_once(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "kind": "generated",
        "num_train": 2, "num_val": 1, "num_test": 1, "scene_size": 64, "image_size": 32, "num_workers": 0,
        "cache_dir": str(tmp_path),
    }  # fmt: skip
    datamodule = TrashDataModule(**options)
    datamodule.prepare_data()
    made = {path: path.stat().st_mtime_ns for path in datamodule.source.folder.rglob("*.jpg")}
    assert len(made) == 4
    assert datamodule.source.folder.is_relative_to(tmp_path)
    TrashDataModule(**options).prepare_data()
    assert {path: path.stat().st_mtime_ns for path in made} == made
    with pytest.raises(ConfigError, match="at least one scene"):
        TrashDataModule(**{**options, "num_val": 0})


def test_taco_maps_its_sixty_categories(composed: Any, real_root: Callable[[str], Path], tmp_path: Path) -> None:
    root = real_root("taco40")
    cfg = composed("train", "data=taco", f"data.root={root}", "data.image_size=64", "data.batch_size=4",
                   "data.num_workers=0", "data.max_side=256", f"data.cache_dir={tmp_path}", "aug=strong")  # fmt: skip
    datamodule = build_datamodule(cfg.data, cfg.aug)
    index = datamodule.source.index(Split.TRAIN)
    assert set(datamodule.source.class_of(index)) == set(index.categories)
    assert len(index.categories) >= 59
    datamodule.prepare_data()
    assert len(datamodule.dataset(Split.TRAIN)) + len(datamodule.dataset(Split.VAL)) == len(index) > 35
    batch = next(iter(datamodule.train_dataloader()))
    assert batch["image"].shape == (4, 3, 64, 64)
    assert set(np.unique(batch["mask"]).tolist()) <= {*range(11), 255}
    val = next(iter(datamodule.val_dataloader()))
    assert max(max(size) for size in val["size"]) == 256
    assert all(tuple(mask.shape) == size for mask, size in zip(val["mask"], val["size"], strict=True))


def test_the_competitions_layout(composed: Any, real_root: Callable[[str], Path], tmp_path: Path) -> None:
    root = real_root("trash360")
    cfg = composed("train", "data=recycle", f"data.root={root}", "data.image_size=64", "data.num_workers=0",
                   f"data.cache_dir={tmp_path}")  # fmt: skip
    datamodule = build_datamodule(cfg.data, cfg.aug)
    datamodule.prepare_data()
    train, val = datamodule.dataset(Split.TRAIN), datamodule.dataset(Split.VAL)
    assert (len(train), len(val), len(datamodule.dataset(Split.TEST))) == (275, 82, 72)
    assert not set(train.names) & set(val.names)
    assert train.class_pixels.sum() <= 275 * 512 * 512
    assert train.class_pixels[:, 0].sum() / train.class_pixels.sum() > 0.5
    assert next(iter(datamodule.train_dataloader()))["image"].shape == (8, 3, 64, 64)
