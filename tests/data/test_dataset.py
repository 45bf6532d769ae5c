"""Photographs and masks as tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trashseg.data.augment import Augment
from trashseg.data.dataset import TrashDataset, collate_eval, collate_train
from trashseg.data.resize import Resize
from trashseg.data.sampling import SampleKey
from trashseg.data.source import Source
from trashseg.types import IGNORE_INDEX, DataError, Split


@pytest.fixture(scope="module")
def source(tiny_coco: Path) -> Source:
    return Source(str(tiny_coco))


def test_validation_keeps_the_labels_own_size(source: Source, tiny_coco: Path) -> None:
    dataset = TrashDataset(source.prepare(Split.VAL), Resize(32, "pad"))
    assert len(dataset) == 2
    sample = dataset[1]
    assert sample["image"].shape == (3, 32, 32)
    assert sample["image"].dtype == sample["mask"].dtype == torch.uint8
    assert sample["mask"].shape == sample["size"] == (48, 64)
    assert sample["content"] == (24, 32)
    assert (sample["index"], sample["name"]) == (1, "batch_01_vt/0005.jpg")
    # Pillow reads the photograph as the reference: RGB, not BGR.
    reference = np.asarray(Image.open(tiny_coco / sample["name"])).astype(float).mean((0, 1))
    ours = sample["image"][:, :24, :32].float().mean((1, 2)).numpy()
    assert np.abs(ours - reference).max() < 3
    assert np.array_equal(np.bincount(sample["mask"].flatten(), minlength=11), dataset.class_pixels[1])


def test_training_masks_have_the_networks_size(source: Source) -> None:
    dataset = TrashDataset(source.prepare(Split.TRAIN), Resize(40), aug=Augment({}))
    sample = dataset[SampleKey(2, 5)]
    assert sample["image"].shape == (3, 40, 40)
    assert sample["mask"].shape == (40, 40)


def test_part_of_a_split(source: Source) -> None:
    whole = TrashDataset(source.prepare(Split.TRAIN), Resize(40))
    part = TrashDataset(source.prepare(Split.TRAIN), Resize(40), indices=np.array([3, 1]))
    assert part.names == [whole.names[3], whole.names[1]]
    assert torch.equal(part[0]["image"], whole[3]["image"])
    assert part[0]["index"] == 0
    assert np.array_equal(part.class_pixels, whole.class_pixels[[3, 1]])


def test_a_photograph_that_only_pads_does_not_count(source: Source) -> None:
    dataset = TrashDataset(source.prepare(Split.VAL), Resize(40))
    sample = dataset[SampleKey(0, 0, counts=False)]
    assert sample["index"] == -1
    assert (sample["mask"] == IGNORE_INDEX).all()
    # The cached mask itself is untouched.
    assert (dataset[0]["mask"] != IGNORE_INDEX).all()


def test_photographs_without_labels_have_no_mask(source: Source) -> None:
    dataset = TrashDataset(source.prepare(Split.TEST), Resize(40))
    batch = collate_eval([dataset[0], dataset[1]])
    assert "mask" not in batch
    assert batch["size"] == [(48, 64)] * 2


def test_batches(source: Source) -> None:
    val = TrashDataset(source.prepare(Split.VAL), Resize(40))
    batch = collate_eval([val[0], val[1]])
    assert batch["image"].shape == (2, 3, 40, 40)
    assert [mask.shape for mask in batch["mask"]] == [(48, 64)] * 2
    train = TrashDataset(source.prepare(Split.TRAIN), Resize(40), aug=Augment({}))
    batch = collate_train([train[0], train[3]])
    assert batch["mask"].shape == (2, 40, 40)
    assert batch["index"] == [0, 3]


def test_a_photograph_lost_during_training_is_named(make_coco) -> None:  # type: ignore[no-untyped-def]
    root = make_coco({"train": 2})
    dataset = TrashDataset(Source(str(root)).prepare(Split.TRAIN), Resize(40))
    (root / "batch_01_vt/0001.jpg").unlink()
    with pytest.raises(DataError, match=r"0001\.jpg"):
        dataset[1]
