"""From the logits of several views to one map of probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class Merge(ABC):
    """Gathers what the views of an image say, one after the other; each may see a part of it only.

    Args:
        size: (H, W) of the image.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self.total: Tensor | None = None  # (N, K, H, W), float32
        self.weight = torch.zeros(size)

    def add(self, logits: Tensor, part: tuple[slice, slice], weight: Tensor) -> None:
        """Take in the logits (N, K, h, w), float32, of the image's ``part``.

        Args:
            logits: what the network says of it.
            part: rows and columns.
            weight: how much that counts, above 0, (h, w); or () for 1 everywhere.
        """
        self.weight = self.weight.to(logits.device)
        self.weight[part] += weight
        mapped = self._map(logits)
        if self.total is None and not weight.ndim:
            self.total = mapped  # saves a third of the time of a single view's merge
            return
        if self.total is None:
            self.total = mapped.new_zeros(*mapped.shape[:2], *self._size)
        self._join(self.total[(..., *part)], mapped, weight)

    def result(self) -> Tensor:
        """Return the probabilities (N, K, H, W), float32; some view must have seen each pixel."""
        assert self.total is not None
        return self._probs(self.total)

    @abstractmethod
    def _map(self, logits: Tensor) -> Tensor:
        """Return what is gathered of a view's logits, a new tensor."""

    @abstractmethod
    def _join(self, seen: Tensor, mapped: Tensor, weight: Tensor) -> None:
        """Change ``seen``, a part of the total, by what a view says of it."""

    @abstractmethod
    def _probs(self, total: Tensor) -> Tensor:
        """Return the probabilities of a total, which may be overwritten."""


class Mean(Merge):
    """The mean of the probabilities: views of other scales are differently sure of themselves, logits would not do."""

    def _map(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def _join(self, seen: Tensor, mapped: Tensor, weight: Tensor) -> None:
        seen.addcmul_(mapped, weight)

    def _probs(self, total: Tensor) -> Tensor:
        return total.div_(self.weight)


class Max(Merge):
    """The largest probability that any view gives to each class, brought to a sum of 1; weights do not count."""

    def _map(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def _join(self, seen: Tensor, mapped: Tensor, weight: Tensor) -> None:  # noqa: ARG002 - Merge's
        torch.maximum(seen, mapped, out=seen)

    def _probs(self, total: Tensor) -> Tensor:
        return total.div_(total.sum(1, keepdim=True))


class Geometric(Mean):
    """The geometric mean of the probabilities, brought to a sum of 1: a class that one view rules out is out."""

    def _map(self, logits: Tensor) -> Tensor:
        return logits.log_softmax(1)

    def _probs(self, total: Tensor) -> Tensor:
        return super()._probs(total).softmax(1)


MERGES: dict[str, type[Merge]] = {"mean": Mean, "max": Max, "geometric": Geometric}
"""What ``tta.merge`` takes."""
