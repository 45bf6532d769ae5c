"""Photographs and masks as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from trashseg.data.augment import Augment
from trashseg.data.images import read_image
from trashseg.data.prepared import PreparedSplit
from trashseg.data.resize import Resize
from trashseg.data.sampling import SampleKey
from trashseg.types import IGNORE_INDEX, Batch, Sample


class TrashDataset(Dataset[Sample]):
    """The photographs ``indices`` of a prepared split, as uint8 tensors: a quarter of the bytes of floats.

    With ``aug`` (training) the mask has the image's size; without (validation, test) it keeps the label's own size,
    so that scores are those of the full photograph.

    Args:
        split: photographs and masks.
        indices: positions in ``split``; None: all.
        resize: brings photographs to the network's size.
        aug: random transforms, or None.
        seed: seed of the transforms.
    """

    def __init__(
        self,
        split: PreparedSplit,
        resize: Resize,
        *,
        indices: npt.NDArray[np.int64] | None = None,
        aug: Augment | None = None,
        seed: int = 0,
    ) -> None:
        self.split, self.resize, self.aug, self.seed = split, resize, aug, seed
        self.indices = np.arange(len(split)) if indices is None else indices

    def __len__(self) -> int:
        """Return the number of photographs."""
        return len(self.indices)

    @property
    def names(self) -> list[str]:
        """File names as in the JSON, in order."""
        return [self.split.names[i] for i in self.indices]

    @property
    def class_pixels(self) -> npt.NDArray[np.int64]:
        """Pixels of each class in each photograph, (N, K)."""
        return self.split.class_pixels[self.indices]

    def __getitem__(self, key: SampleKey | int) -> Sample:
        """Return the sample of ``key``; a plain number stands for epoch 0.

        Raises:
            DataError: the photograph cannot be read any more.
        """
        place, epoch, counts = key if isinstance(key, SampleKey) else SampleKey(key, 0)
        position = int(self.indices[place])
        image = read_image(self.split.image_path(position))
        size = (image.shape[0], image.shape[1])
        mask = self.split.mask(position) if self.split.has_masks else None
        if self.aug is not None and mask is not None:
            image, mask = self.aug(image, mask, (self.seed, epoch, position))
            mask = self.resize.mask(mask)
        content = self.resize.content(*image.shape[:2])
        sample: Sample = {
            "image": image_tensor(self.resize.image(image)),
            "index": place if counts else -1,
            "name": self.split.names[position],
            "content": content,
            "size": size,
        }
        if mask is not None:
            mask = mask if counts else np.full_like(mask, IGNORE_INDEX)
            sample["mask"] = torch.from_numpy(np.ascontiguousarray(mask))
        return sample


def image_tensor(image: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Return an image (H, W, 3) as a tensor (3, H, W) over the same memory, channels last as the decoder wrote it."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)


def collate_train(samples: Sequence[Sample]) -> Batch:
    """Put samples of one size together: image (N, 3, h, w) and mask (N, h, w), uint8."""
    batch = collate_eval(samples)
    batch["mask"] = torch.stack([sample["mask"] for sample in samples])
    return batch


def collate_eval(samples: Sequence[Sample]) -> Batch:
    """Put samples together; masks, which keep their own sizes, stay a list."""
    batch: Batch = {
        # Stacked as they lie in memory: no channel is moved, and most networks want them channels last anyway.
        "image": torch.stack([sample["image"].permute(1, 2, 0) for sample in samples]).permute(0, 3, 1, 2),
        "index": [sample["index"] for sample in samples],
        "name": [sample["name"] for sample in samples],
        "content": [sample["content"] for sample in samples],
        "size": [sample["size"] for sample in samples],
    }
    if "mask" in samples[0]:
        batch["mask"] = [sample["mask"] for sample in samples]
    return batch
