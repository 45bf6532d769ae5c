"""What all transforms of the device share: drawn on the CPU for each sample, applied to the whole batch."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from trashseg.data.naming import check_number
from trashseg.data.sampling import SampleKey, Stream, random_stream

Size = tuple[int, int]
Tensors = dict[str, torch.Tensor]
NO_IMAGE = np.empty((0, 0, 3), np.uint8)
"""Stands for the image where a library asks for its type before it draws."""


class Numbers(NamedTuple):
    """The random numbers of one sample, in the two forms that albumentations takes."""

    rng: np.random.Generator
    chance: random.Random

    @classmethod
    def of(cls, seed: int, key: SampleKey) -> Numbers:
        """Return those of one visit, decided by (seed, epoch, photograph, repeat) alone."""
        rng = random_stream(seed, key, Stream.DEVICE)
        return cls(rng, random.Random(int(rng.integers(2**63))))


class BatchTransform(ABC):
    """An entry of an augmentation that runs on the device, after all transforms of the workers and after mixing.

    Args:
        p: probability for each sample.

    Raises:
        ConfigError: ``p`` is none.
    """

    def __init__(self, p: float) -> None:
        self.p = check_number(f"aug: p of {type(self).__name__}", p, 0, 1)

    def chosen(self, numbers: Numbers) -> Leaf | None:
        """Return what is to be applied to a sample, None where nothing is."""
        return self.pick(numbers) if numbers.chance.random() < self.p else None

    @abstractmethod
    def pick(self, numbers: Numbers) -> Leaf:
        """Return what is to be applied to a sample for which something is."""

    @property
    @abstractmethod
    def leaves(self) -> list[Leaf]:
        """All that may be picked."""


class Leaf(BatchTransform):
    """A single transform. The workers' form of it draws its parameters, so that both have one distribution.

    Args:
        worker: a transform of albumentations.
        p: probability for each sample.
    """

    def __init__(self, worker: Any, p: float) -> None:
        super().__init__(p)
        self.worker = worker

    def pick(self, numbers: Numbers) -> Leaf:  # noqa: ARG002 - nothing to choose from
        """Return itself."""
        return self

    @property
    def leaves(self) -> list[Leaf]:
        """Itself alone."""
        return [self]

    def parameters(self, numbers: Numbers, size: Size) -> dict[str, Any]:
        """Return what the workers' form draws for an image of ``size`` (H, W)."""
        self.worker.set_random_state(*numbers)
        shape = {"shape": (*size, 3)}
        return {**self.worker.get_params(), **self.worker.get_params_dependent_on_data(shape, {"image": NO_IMAGE})}

    @abstractmethod
    def draw(self, numbers: Numbers, size: Size) -> Any:
        """Return one sample's parameters, for the stage that applies this transform."""


class Stage(ABC):
    """What the device does in one go for the samples that it is drawn for."""

    @abstractmethod
    def collate(self, drawn: Sequence[Mapping[Leaf, Any]], size: Size) -> Tensors | None:
        """Return the parameters of a batch as tensors, None where no sample is due.

        Args:
            drawn: what was drawn for each sample, by transform.
            size: (H, W) of the batch.
        """

    @abstractmethod
    def apply(self, image: torch.Tensor, masks: torch.Tensor, draws: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        """Return image (N, 3, H, W) and masks (N, M, H, W), uint8, with the samples that are due transformed.

        Args:
            image: uint8, in whichever order it lies in memory, which stays.
            masks: uint8, class ids or ``IGNORE_INDEX``; all M of a sample move alike.
            draws: what :meth:`collate` gave, on the device of both.
        """


def take(image: torch.Tensor, due: torch.Tensor) -> torch.Tensor:
    """Return the samples ``due`` (n,) of ``image`` (N, 3, H, W), uint8, as float32, channels last."""
    # Selected as they lie in memory: whole samples are moved rather than single bytes.
    return image.movedim(1, -1).index_select(0, due).movedim(-1, 1).float()


def put(image: torch.Tensor, due: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Return ``image`` (N, 3, H, W), uint8, with the samples ``due`` (n,) replaced by ``levels`` (n, 3, H, W), rounded.

    Args:
        image: the batch.
        due: positions in it.
        levels: float32, overwritten; what is beyond 0 to 255 is cut off.
    """
    rounded = levels.round_().clamp_(0, 255).to(torch.uint8)
    return image.movedim(1, -1).index_copy(0, due, rounded.movedim(1, -1)).movedim(-1, 1)
