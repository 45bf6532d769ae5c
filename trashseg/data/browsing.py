"""What a person looks at to tune augmentation: which photographs, and each transform for itself."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trashseg.data.augment import Augment
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.dataset import image_tensor
from trashseg.data.images import read_image
from trashseg.data.sampling import SampleKey
from trashseg.types import Split

Array = npt.NDArray[np.uint8]
Form = tuple[str, Array, Array]
"""One form of a photograph: its name, the image (H, W, 3) and its mask (H, W)."""

NEIGHBOURS = 3
"""Photographs beside the shown one, for what is mixed from a batch."""


def always(transform: Any) -> Any:
    """Return a copy of ``transform`` that is applied every time."""
    certain = copy.deepcopy(transform)
    certain.p = 1.0
    return certain


def one_by_one(aug: Augment) -> dict[str, Augment]:
    """Return name -> this transform alone, applied every time; the workers' before the device's."""
    everything = {**aug.transforms, **aug.on_device.transforms}
    return {name: Augment({name: always(transform)}) for name, transform in everything.items()}


def telling_photographs(class_pixels: npt.NDArray[np.int64], count: int) -> list[int]:
    """Return up to ``count`` positions that together show as many classes as can be, rare classes first.

    Args:
        class_pixels: (N, K) pixels of each class in each photograph.
        count: how many.
    """
    present = class_pixels[:, 1:] > 0
    rarity = 1.0 / np.maximum(present.sum(0), 1)
    chosen: list[int] = []
    missing = np.ones(present.shape[1], bool)
    while len(chosen) < min(count, len(present)):
        # Classes not shown yet count by how rare they are; the number of classes decides between equals.
        gain = (present * (rarity * missing)).sum(1) + 1e-6 * present.sum(1)
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        missing &= ~present[best]
    return chosen


def forms(datamodule: TrashDataModule, i: int, num_draws: int) -> list[Form]:
    """Return training photograph ``i`` as it is, after each transform alone, and as ``num_draws`` epochs see it."""
    dataset = datamodule.dataset(Split.TRAIN)
    position = int(dataset.indices[i])
    image, mask = read_image(dataset.split.image_path(position)), dataset.split.mask(position)
    found: list[Form] = [("original", image, mask)]
    square = datamodule.train_resize.image(image), datamodule.train_resize.mask(mask)
    for name, alone in one_by_one(datamodule.aug).items():
        if alone.transforms:
            found.append((name, *alone(image, mask, (datamodule.seed, 0, position))))
        else:
            found.append((name, *_on_device(alone, *square, SampleKey(i, 0), datamodule.seed)))
    for draw in range(num_draws):
        samples = [dataset[SampleKey((i + k) % len(dataset), draw)] for k in range(1 + NEIGHBOURS)]
        batch = datamodule.on_after_batch_transfer(datamodule.train_collate()(samples), 0)
        found.append((f"recipe, draw {draw + 1}", _picture(batch["image"][0]), batch["mask"][0].numpy()))
    return found


def _on_device(alone: Augment, image: Array, mask: Array, key: SampleKey, seed: int) -> tuple[Array, Array]:
    """Return a picture and its mask, of the network's size, as a batch of their own."""
    draws = alone.on_device.draw([key], seed, mask.shape)
    images, masks = alone.on_device(image_tensor(image)[None], torch.from_numpy(mask)[None, None], draws)
    return _picture(images[0]), masks[0, 0].numpy()


def _picture(image: torch.Tensor) -> Array:
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())
