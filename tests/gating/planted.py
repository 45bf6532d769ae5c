"""Photographs on which what a step does is planted: it is painted into the photograph itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trashseg.gating import Photograph
from trashseg.post import Step
from trashseg.types import IGNORE_INDEX

NAMES = ("Background", "Paper", "Metal", "Glass")
SIZE = (12, 16)


@dataclass(frozen=True, kw_only=True)
class Painted(Step):
    """Give the classes that a channel of the photograph holds."""

    channel: int = 0

    def __call__(self, image: np.ndarray, probs: Tensor, pred: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return image[..., self.channel].copy()


def photograph(group: int, target: np.ndarray, before: np.ndarray, *after: np.ndarray) -> Photograph:
    """Return a photograph that is predicted as ``before``, with the results of up to three steps painted in."""
    channels = [*after, *[before] * (3 - len(after))]
    probs = torch.nn.functional.one_hot(torch.from_numpy(before).long(), len(NAMES)).permute(2, 0, 1).float()
    return Photograph(group, np.stack(channels, -1).astype(np.uint8), probs, target)


def spoil(rng: np.random.Generator, mask: np.ndarray, where: np.ndarray, share: float, value: int) -> np.ndarray:
    """Return ``mask`` with ``value`` at a share of the flagged pixels."""
    return np.where(where & (rng.random(mask.shape) < share), value, mask).astype(np.uint8)


def planted() -> list[Photograph]:
    """Make photographs whose channel 0 finds lost Paper and invents Metal, and whose channel 1 is noise."""
    rng = np.random.default_rng(0)
    photographs = []
    for i in range(40):
        target = rng.choice(np.arange(4, dtype=np.uint8), SIZE, p=[0.7, 0.1, 0.1, 0.1])
        before = spoil(rng, target, target == 1, 0.5, 0)
        helped = np.where(target == 1, spoil(rng, target, target == 1, 0.2, 0), before)
        helped = spoil(rng, helped, target == 0, 0.1, 2)
        noise = np.where(rng.random(SIZE) < 0.1, rng.choice(4, SIZE), before).astype(np.uint8)
        target[0] = IGNORE_INDEX
        photographs.append(photograph(i // 2, target, before, helped, noise))
    return photographs
