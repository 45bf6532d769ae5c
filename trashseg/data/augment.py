"""Augmentation: a mapping of named albumentations transforms, with a random stream of its own for every sample."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Mapping
from typing import Any

import albumentations
import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.device import BatchAugment, BatchTransform
from trashseg.data.transforms.warp import fuse
from trashseg.types import ConfigError

Array = npt.NDArray[np.uint8]


class Augment:
    """Apply named transforms in their order to an image and its mask.

    The installed albumentations repeats one random stream in every worker and epoch, whatever the seed. So each call
    seeds the transforms from (seed, epoch, index): samples then do not depend on the number of workers or processes.

    Those that run on the device wait in ``on_device`` for the batch, whatever their place in the mapping.

    Args:
        transforms: name -> transform of albumentations or of :mod:`trashseg.data.device`; None leaves one out.

    Raises:
        ConfigError: an entry is no transform.
    """

    def __init__(self, transforms: Mapping[str, Any]) -> None:
        given = {name: transform for name, transform in transforms.items() if transform is not None}
        self.on_device = BatchAugment({name: part for name, part in given.items() if isinstance(part, BatchTransform)})
        self.transforms = {name: part for name, part in given.items() if name not in self.on_device.transforms}
        for name, transform in self.transforms.items():
            if not isinstance(transform, albumentations.BasicTransform | albumentations.BaseCompose):
                raise ConfigError(f"aug.{name}={transform} is no transform; give aug.{name}=null to leave it out.")
        self._compose = albumentations.Compose(fuse(self.transforms.values()))

    def __call__(self, image: Array, mask: Array, key: tuple[int, int, int]) -> tuple[Array, Array]:
        """Return the augmented (image, mask), uint8 and of one size.

        Args:
            image: (H, W, 3), RGB.
            mask: (H, W), class ids or ``IGNORE_INDEX``.
            key: (seed, epoch, index), which alone decides the result.
        """
        if not self.transforms:
            return image, mask
        seeds = np.random.SeedSequence(key).generate_state(2)
        # One stream for all: set_random_seed gives every transform the same numbers, so that those of one p are applied
        # all together or not at all.
        self._compose.set_random_state(np.random.default_rng(seeds[0]), random.Random(int(seeds[1])))
        result = self._compose(image=image, mask=mask)
        return result["image"], result["mask"]


def one_of(transforms: Mapping[str, Any], p: float = 0.5) -> albumentations.OneOf:
    """Return a transform that applies one of the named ``transforms``, chosen by their p, with probability ``p``."""
    return albumentations.OneOf([transform for transform in transforms.values() if transform is not None], p=p)


def single_thread() -> None:
    """Keep OpenCV from starting threads of its own in every worker, where they fight for the same cores.

    Freed memory is kept as well, see :func:`keep_memory`.
    """
    cv2.setNumThreads(0)
    keep_memory()


def keep_memory() -> None:
    """Let the C library reuse the memory of one picture for the next.

    By default glibc returns blocks of this size to the system and fetches them anew, page by page, for every step of
    every transform, which can take longer than the step. Other C libraries have no such call and stay as they are.
    """
    trim_threshold, mmap_threshold = -1, -3  # the numbers in malloc.h
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(mmap_threshold, 32 << 20)
    set_option(trim_threshold, 128 << 20)
