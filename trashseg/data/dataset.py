"""Photographs and masks as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from trashseg.data.augment import Augment
from trashseg.data.images import read_image
from trashseg.data.mix import Mix
from trashseg.data.mix.base import Labelled
from trashseg.data.mix.copy_paste import Paster
from trashseg.data.prepared import PreparedSplit
from trashseg.data.resize import Resize
from trashseg.data.sampling import SampleKey, Stream, random_stream
from trashseg.types import IGNORE_INDEX, Batch, Sample

Array = npt.NDArray[np.uint8]


class TrashDataset(Dataset[Sample]):
    """The photographs ``indices`` of a prepared split, as uint8 tensors: a quarter of the bytes of floats.

    With ``aug`` (training) the mask has the image's size; without (validation, test) it keeps the label's own size,
    so that scores are those of the full photograph.

    Args:
        split: photographs and masks.
        indices: positions in ``split``; None: all.
        resize: brings photographs to the network's size.
        aug: random transforms, or None.
        pasters: lay objects onto photographs before their transforms; training only.
        seed: seed of the transforms and of what is pasted.
    """

    def __init__(
        self,
        split: PreparedSplit,
        resize: Resize,
        *,
        indices: npt.NDArray[np.int64] | None = None,
        aug: Augment | None = None,
        pasters: Sequence[Paster] = (),
        seed: int = 0,
    ) -> None:
        self.split, self.resize, self.aug, self.seed = split, resize, aug, seed
        self.pasters = list(pasters)
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
        key = key if isinstance(key, SampleKey) else SampleKey(key, 0)
        position = int(self.indices[key.position])
        image = read_image(self.split.image_path(position))
        size = (image.shape[0], image.shape[1])
        mask = self.split.mask(position) if self.split.has_masks else None
        if self.aug is not None and mask is not None:
            image, mask = self._augmented(image, mask, key)
        content = self.resize.content(*image.shape[:2])
        sample: Sample = {
            "image": image_tensor(self.resize.image(image)),
            "index": key.position if key.counts else -1,
            "visit": (key.epoch, key.repeat),
            "name": self.split.names[position],
            "content": content,
            "size": size,
        }
        if mask is not None:
            mask = mask if key.counts else np.full_like(mask, IGNORE_INDEX)
            sample["mask"] = torch.from_numpy(np.ascontiguousarray(mask))
        return sample

    def _augmented(self, image: Array, mask: Array, key: SampleKey) -> tuple[Array, Array]:
        """Return a photograph with what is pasted onto it, transformed, and its mask at the network's size."""
        position = int(self.indices[key.position])
        if self.pasters:
            rng = random_stream(self.seed, key, Stream.PASTE)
            for paste in self.pasters:
                image, mask = paste(image, mask, self.split.class_pixels[position], rng)
        # A later visit of the epoch is a photograph of its own to the transforms.
        visit = position + key.repeat * len(self.split)
        assert self.aug is not None
        image, mask = self.aug(image, mask, (self.seed, key.epoch, visit))
        return image, self.resize.mask(mask)


def image_tensor(image: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Return an image (H, W, 3) as a tensor (3, H, W) over the same memory, channels last as the decoder wrote it."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)


def collate_train(samples: Sequence[Sample], mix: Mix | None = None, seed: int = 0) -> Batch:
    """Put samples of one size together: image (N, 3, h, w) and mask (N, h, w), uint8.

    Args:
        samples: what the data set gave.
        mix: mixes the photographs with each other, and may add ``mask_b`` and ``lam``.
        seed: of the mixing; the first sample's visit decides with it.
    """
    second = None
    if mix is not None and mix.mixes_batches:
        epoch, repeat = samples[0]["visit"]
        rng = random_stream(seed, SampleKey(samples[0]["index"], epoch, repeat=repeat), Stream.MIX)
        labelled = [Labelled(sample["image"].permute(1, 2, 0).numpy(), sample["mask"].numpy()) for sample in samples]
        mixed, second = mix.batch(labelled, rng)
        samples = [_replaced(sample, one) for sample, one in zip(samples, mixed, strict=True)]
    batch = collate_eval(samples)
    batch["mask"] = torch.stack([sample["mask"] for sample in samples])
    if second is not None:
        batch["mask_b"] = torch.stack([torch.from_numpy(mask) for mask in second.masks])
        batch["lam"] = second.lam
    return batch


def _replaced(sample: Sample, labelled: Labelled) -> Sample:
    """Return the sample with another image and mask."""
    return {**sample, "image": image_tensor(labelled.image), "mask": torch.from_numpy(labelled.mask)}


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
