"""MixUp: two photographs shining through each other, and both masks as the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from trashseg.data.mix.base import Array, Labelled
from trashseg.data.naming import check_number


class Second(NamedTuple):
    """The second target of a batch: a mask for each photograph, and ``lam``, the weight of the first, 0..1."""

    masks: list[Array]
    lam: float


class MixUp:
    """MixUp (Zhang et al. 2018): image = lam * a + (1 - lam) * b, loss = lam * loss(a) + (1 - lam) * loss(b).

    One lam from Beta(alpha, alpha) for the whole batch, in which every photograph's partner is another one. A pixel
    that one of them ignores is learnt from the other alone.

    Args:
        p: probability for each batch.
        alpha: of the Beta distribution, above 0; small values leave most pictures nearly whole.

    Raises:
        ConfigError: an option is out of its range.
    """

    def __init__(self, p: float = 0.5, alpha: float = 0.2) -> None:
        self.p = check_number("mix: p of MixUp", p, 0, 1)
        self.alpha = check_number("mix: alpha of MixUp", alpha, 1e-3)

    def __call__(self, batch: Sequence[Labelled], rng: np.random.Generator) -> tuple[list[Labelled], Second | None]:
        """Return the batch with mixed images and first masks, and the second target; None where nothing was mixed."""
        if len(batch) < 2 or rng.random() >= self.p:
            return list(batch), None
        lam, step = float(rng.beta(self.alpha, self.alpha)), int(rng.integers(1, len(batch)))
        partners = [batch[(i + step) % len(batch)] for i in range(len(batch))]
        mixed = [
            Labelled(np.asarray(cv2.addWeighted(own.image, lam, other.image, 1 - lam, 0), np.uint8), own.mask)
            for own, other in zip(batch, partners, strict=True)
        ]
        return mixed, Second([other.mask for other in partners], lam)
