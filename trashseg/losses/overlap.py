"""Losses on the overlap of soft regions: Dice, Jaccard and Tversky."""

from __future__ import annotations

import torch
from torch import Tensor

from trashseg.losses.base import PixelLoss, check_range
from trashseg.types import IGNORE_INDEX


def tversky_index(
    logits: Tensor, target: Tensor, alpha: float = 0.5, beta: float = 0.5, smooth: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return the soft Tversky index of each class over the whole batch, and which classes the target holds.

    ``(TP + smooth) / (TP + alpha * FP + beta * FN + smooth)`` with soft counts from the softmax (Salehi et al. 2017,
    "Tversky loss function for image segmentation"). ``alpha = beta = .5`` is the Dice coefficient (Milletari et al.
    2016, without their squares), ``alpha = beta = 1`` the Jaccard index (Rahman and Wang 2016).

    Args:
        logits: (N, K, H, W), float32 or float64.
        target: (N, H, W), integer, 255 for ignored pixels.
        alpha: weight of false positives.
        beta: weight of false negatives.
        smooth: pixels added above and below the line.

    Returns:
        The index (K,), 0..1, and the classes present (K,), bool.
    """
    probs = logits.softmax(1)
    ids = torch.arange(logits.shape[1], device=target.device)[:, None, None]
    truth = target[:, None] == ids  # bool masks under where: a one-hot product would keep four times the memory
    predicted = torch.where((target != IGNORE_INDEX)[:, None], probs, 0.0).sum((0, 2, 3))
    hit = torch.where(truth, probs, 0.0).sum((0, 2, 3))
    actual = truth.sum((0, 2, 3))
    # alpha and beta may both be 0; the floor then decides, not a division by zero.
    below = (hit + alpha * (predicted - hit) + beta * (actual - hit) + smooth).clamp(min=1e-7)
    return (hit + smooth) / below, actual > 0


class Tversky(PixelLoss):
    """One minus the Tversky index to the power ``gamma``, averaged over the classes in the target.

    Classes that the batch does not hold are left out: their index would be 0 whatever the prediction.
    ``gamma`` other than 1 is the focal Tversky loss (Abraham and Khan 2019, who write the power as 1/gamma).
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, gamma: float = 1.0, smooth: float = 0.0) -> None:
        super().__init__()
        self.alpha = check_range("loss.alpha", alpha, 0)
        self.beta = check_range("loss.beta", beta, 0)
        self.gamma = check_range("loss.gamma", gamma, 0)
        self.smooth = check_range("loss.smooth", smooth, 0)

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss, 0..1; 0 when no pixel counts."""
        index, present = tversky_index(logits, target, self.alpha, self.beta, self.smooth)
        loss = 1 - index
        if self.gamma != 1:
            loss = loss.clamp(min=1e-7).pow(self.gamma)
        return torch.where(present, loss, 0.0).sum() / present.sum().clamp(min=1)


class Dice(Tversky):
    """One minus the soft Dice coefficient, averaged over the classes in the target; see :class:`Tversky`."""

    def __init__(self, smooth: float = 0.0) -> None:
        super().__init__(alpha=0.5, beta=0.5, smooth=smooth)


class Jaccard(Tversky):
    """One minus the soft Jaccard index, averaged over the classes in the target; see :class:`Tversky`."""

    def __init__(self, smooth: float = 0.0) -> None:
        super().__init__(alpha=1.0, beta=1.0, smooth=smooth)
