"""What all losses share: float32 whatever the precision around them, and class weights from a config."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from trashseg.types import ConfigError

ClassWeights = Mapping[str, float] | Sequence[float]
"""One factor a class in the order of the class ids; a mapping also carries the names."""


class PixelLoss(nn.Module, ABC):
    """A loss on the logits of an image batch; subclasses write :meth:`compute`."""

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Args:
            logits: (N, K, H, W), any floating dtype.
            target: (N, H, W), int64 or uint8, class ids 0..K-1 or 255 for ignored pixels. Not checked.

        Returns:
            A scalar, float32 (float64 for float64 logits).
        """
        # Sums over a few hundred thousand pixels pass float16's largest number, 65504.
        with torch.autocast(device_type=logits.device.type, enabled=False):
            return self.compute(logits if logits.dtype == torch.float64 else logits.float(), target)

    @abstractmethod
    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of float32 or float64 ``logits`` as a scalar of the same dtype."""


def class_weights(weights: ClassWeights | None, key: str) -> tuple[Tensor | None, tuple[str, ...] | None]:
    """Turn class weights from a config into a float32 tensor (K,), and the names where they came as a mapping.

    Args:
        weights: a factor a class, in the order of the class ids, or None.
        key: the config key they came from, for the message.

    Raises:
        ConfigError: a weight is negative or not finite, or none is above zero.
    """
    if weights is None:
        return None, None
    names = tuple(weights) if isinstance(weights, Mapping) else None
    values = [float(value) for value in (weights.values() if isinstance(weights, Mapping) else weights)]
    if not all(math.isfinite(value) and value >= 0 for value in values) or not any(values):
        raise ConfigError(f"{key} is {values}; give one finite number of at least 0 a class, not all 0.")
    return torch.tensor(values, dtype=torch.float32), names


def check_num_classes(weights: Tensor | None, logits: Tensor, key: str) -> None:
    """Refuse class weights whose number is not that of the classes.

    Raises:
        ConfigError: ``weights`` (K',) and ``logits`` (N, K, H, W) disagree.
    """
    if weights is not None and len(weights) != logits.shape[1]:
        raise ConfigError(
            f"{key} has {len(weights)} weights, the network has {logits.shape[1]} classes; "
            f"give one weight a class in the order of data.classes, or null."
        )


def check_range(key: str, value: float, low: float, high: float = math.inf) -> float:
    """Return ``value`` if it is a number in [low, high].

    Raises:
        ConfigError: it is outside, or not finite.
    """
    if not (math.isfinite(value) and low <= value <= high):
        allowed = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        raise ConfigError(f"{key} is {value}; give a number {allowed}.")
    return float(value)
