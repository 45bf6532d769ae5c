"""What all mixers of a batch share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trashseg.data.naming import check_number

Array = npt.NDArray[np.uint8]


class Labelled(NamedTuple):
    """A photograph (h, w, 3), RGB, and its mask (h, w), class ids or ``IGNORE_INDEX``; both uint8."""

    image: Array
    mask: Array


class BatchMixer(ABC):
    """Replaces photographs of a batch by mixtures with others of the same batch, so that nothing more is decoded.

    Args:
        p: probability with which each photograph is mixed.

    Raises:
        ConfigError: an option is out of its range.
    """

    num_partners = 1
    """Other photographs that one mixture takes from."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = check_number(f"mix: p of {type(self).__name__}", p, 0, 1)

    def __call__(self, batch: Sequence[Labelled], rng: np.random.Generator) -> list[Labelled]:
        """Return the batch, mixed; what came in stays as it is, and what is not mixed is not copied.

        Args:
            batch: photographs of one size; a single one has no partner and stays.
            rng: decides everything.
        """
        if len(batch) < 2:
            return list(batch)
        return [
            self.mix(own, [batch[k] for k in self._partners(i, len(batch), rng)], rng) if rng.random() < self.p else own
            for i, own in enumerate(batch)
        ]

    def _partners(self, i: int, size: int, rng: np.random.Generator) -> list[int]:
        """Return positions other than ``i``, all different where the batch is large enough."""
        few = size - 1 < self.num_partners
        steps = rng.choice(size - 1, self.num_partners, replace=few)
        return [(i + 1 + step) % size for step in steps.tolist()]

    @abstractmethod
    def mix(self, own: Labelled, partners: Sequence[Labelled], rng: np.random.Generator) -> Labelled:
        """Return a new photograph made of ``own`` and ``partners``, of the size of ``own``."""
