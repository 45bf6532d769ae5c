"""The transforms of a recipe that run on the device, and the batches that carry what was drawn for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import torch

from trashseg.data.device.base import BatchTransform, Leaf, Numbers, Size, Stage, Tensors
from trashseg.data.device.color import Paint, Painting
from trashseg.data.device.geometry import Move
from trashseg.data.device.warp import Warp
from trashseg.data.sampling import SampleKey
from trashseg.types import Batch, Sample

Draws = dict[int, Tensors]
"""What was drawn for a batch, by the number of the stage."""


class DrawnBatch(Batch, total=False):
    """A batch on its way to the device."""

    draws: Draws


class BatchAugment:
    """Apply named transforms in their order to a batch, after the workers' transforms and after mixing.

    What is done to a sample is decided by its key alone and drawn where the batch is put together, in the workers:
    neither their number nor the samples beside it change it. Of mixed photographs, the first one's key counts.

    Args:
        transforms: name -> transform.
    """

    def __init__(self, transforms: Mapping[str, BatchTransform]) -> None:
        self.transforms = dict(transforms)
        self.stages = plan(leaf for transform in transforms.values() for leaf in transform.leaves)

    def draw(self, keys: Sequence[SampleKey], seed: int, size: Size) -> Draws:
        """Return what to do with the samples ``keys``, on the CPU.

        Args:
            keys: the visit of each sample.
            seed: decides with them.
            size: (H, W) of the images.
        """
        if not self.stages:
            return {}
        drawn = [self._sample(Numbers.of(seed, key), size) for key in keys]
        found = {i: stage.collate(drawn, size) for i, stage in enumerate(self.stages)}
        return {i: tensors for i, tensors in found.items() if tensors is not None}

    def _sample(self, numbers: Numbers, size: Size) -> dict[Leaf, object]:
        """Return what is drawn for one sample, by transform."""
        # One after the other, so that a change to one leaves those before it as they were.
        chosen = (transform.chosen(numbers) for transform in self.transforms.values())
        return {leaf: leaf.draw(numbers, size) for leaf in chosen if leaf is not None}

    def __call__(self, image: torch.Tensor, masks: torch.Tensor, draws: Draws) -> tuple[torch.Tensor, torch.Tensor]:
        """Return image (N, 3, H, W) and masks (N, M, H, W), uint8, transformed.

        Args:
            image: uint8, in whichever order it lies in memory, which stays.
            masks: uint8, class ids or ``IGNORE_INDEX``; all M of a sample move alike.
            draws: of :meth:`draw`, on the same device.
        """
        for number, tensors in sorted(draws.items()):
            image, masks = self.stages[number].apply(image, masks, tensors)
        return image, masks

    def finish(self, batch: Batch) -> Batch:
        """Return the batch with what was drawn for it done, ``mask_b`` moved as ``mask``; without draws, itself."""
        rest = cast(DrawnBatch, dict(batch))
        draws = rest.pop("draws", None)
        if draws is None:
            return batch
        names = [name for name in ("mask", "mask_b") if name in batch]
        masks = torch.stack([cast(dict[str, torch.Tensor], rest)[name] for name in names], dim=1)
        image, masks = self(batch["image"], masks, draws)
        return cast(Batch, {**rest, "image": image, **dict(zip(names, masks.unbind(1), strict=True))})


def plan(leaves: Iterable[Leaf]) -> list[Stage]:
    """Return the stages of the transforms in their order; those that move pixels are joined where they can be."""
    stages: list[Stage] = []
    for leaf in leaves:
        last = stages[-1] if stages else None
        if isinstance(leaf, Paint):
            stages.append(Painting(leaf))
        elif isinstance(leaf, Move) and isinstance(last, Warp) and not last.moves[-1].bends:
            last.moves.append(leaf)
        elif isinstance(leaf, Move):
            stages.append(Warp([leaf]))
    return stages


def collate_drawn(
    samples: Sequence[Sample], collate: Callable[[Sequence[Sample]], Batch], augment: BatchAugment, seed: int
) -> Batch:
    """Return the batch that ``collate`` makes, and with it what the device is to do to it."""
    batch = collate(samples)
    keys = [SampleKey(sample["index"], sample["visit"][0], repeat=sample["visit"][1]) for sample in samples]
    draws = augment.draw(keys, seed, cast(Size, tuple(batch["image"].shape[-2:])))
    return cast(Batch, {**batch, "draws": draws}) if draws else batch
