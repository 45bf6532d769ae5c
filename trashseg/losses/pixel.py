"""Losses that are a mean over pixels: cross-entropy and the focal loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.losses.base import ClassWeights, PixelLoss, check_num_classes, check_range, class_weights
from trashseg.types import IGNORE_INDEX

_TINY = 1e-12  # keeps 0 / 0 at 0 when no pixel counts


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None, label_smoothing: float = 0.0) -> Tensor:
    """Return the weighted mean of the cross-entropy over the pixels that count.

    The value is that of ``torch.nn.functional.cross_entropy``, except that it is 0 where that is NaN: when every
    pixel is ignored.

    Args:
        logits: (N, K, H, W), float32 or float64.
        target: (N, H, W), integer, 255 for ignored pixels.
        weight: (K,), a factor a class; the mean is divided by the sum of the pixels' factors.
        label_smoothing: share of the target spread evenly over the classes (Szegedy et al. 2016), 0..1.
    """
    target = target.long()
    weight = None if weight is None else weight.to(logits)
    total = F.cross_entropy(
        logits, target, weight, ignore_index=IGNORE_INDEX, label_smoothing=label_smoothing, reduction="sum"
    )
    counted = target != IGNORE_INDEX
    if weight is None:
        return total / counted.sum().clamp(min=1)
    norm = (weight[target.masked_fill(~counted, 0)] * counted).sum()
    return total / norm.clamp(min=_TINY)


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: Tensor | None = None) -> Tensor:
    """Return the mean of ``alpha_t * (1 - p_t)**gamma * -log(p_t)`` over the pixels that count.

    The focal loss (Lin et al. 2017, "Focal Loss for Dense Object Detection") on the softmax over the classes.

    Args:
        logits: (N, K, H, W), float32 or float64.
        target: (N, H, W), integer, 255 for ignored pixels.
        gamma: how strongly easy pixels are played down; 0 gives cross-entropy.
        alpha: (K,), a factor a class. The mean is over pixels, not over factors, as in the paper.
    """
    target = target.long()
    counted = target != IGNORE_INDEX
    label = target.masked_fill(~counted, 0)
    log_p = logits.log_softmax(1).gather(1, label[:, None])[:, 0]
    # The floor keeps the power's slope finite at p_t = 1 for gamma below 1.
    loss = -log_p * (1 - log_p.exp()).clamp(min=1e-7).pow(gamma)
    if alpha is not None:
        loss = loss * alpha.to(logits)[label]
    return torch.where(counted, loss, 0.0).sum() / counted.sum().clamp(min=1)


class CrossEntropy(PixelLoss):
    """Cross-entropy, with class weights and label smoothing where wanted; see :func:`cross_entropy`.

    Attributes:
        class_names: the names that the weights came with, so that the wiring can compare them with the data's.
    """

    weight: Tensor | None

    def __init__(self, weight: ClassWeights | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        values, self.class_names = class_weights(weight, "loss.weight")
        # From the config, not learnt: a checkpoint need not carry it.
        self.register_buffer("weight", values, persistent=False)
        self.label_smoothing = check_range("loss.label_smoothing", label_smoothing, 0, 1)

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss; see :func:`cross_entropy`.

        Raises:
            ConfigError: the number of weights is not that of the classes.
        """
        check_num_classes(self.weight, logits, "loss.weight")
        return cross_entropy(logits, target, self.weight, self.label_smoothing)


class Focal(PixelLoss):
    """Focal loss; see :func:`focal`.

    Attributes:
        class_names: the names that ``alpha`` came with, so that the wiring can compare them with the data's.
    """

    alpha: Tensor | None

    def __init__(self, gamma: float = 2.0, alpha: ClassWeights | None = None) -> None:
        super().__init__()
        self.gamma = check_range("loss.gamma", gamma, 0)
        values, self.class_names = class_weights(alpha, "loss.alpha")
        self.register_buffer("alpha", values, persistent=False)

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss; see :func:`focal`.

        Raises:
            ConfigError: the number of factors is not that of the classes.
        """
        check_num_classes(self.alpha, logits, "loss.alpha")
        return focal(logits, target, self.gamma, self.alpha)
