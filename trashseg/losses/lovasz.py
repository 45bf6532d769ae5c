"""The Lovász-Softmax loss, a convex stand-in for the Jaccard index."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trashseg.losses.base import PixelLoss
from trashseg.types import IGNORE_INDEX


def lovasz_softmax(logits: Tensor, target: Tensor) -> Tensor:
    """Return the Lovász extension of the Jaccard loss, averaged over the classes in the target.

    Berman, Triki and Blaschko 2018, "The Lovász-Softmax loss", with the batch taken as one image and
    ``classes='present'``.

    Args:
        logits: (N, K, H, W), float32 or float64.
        target: (N, H, W), integer, 255 for ignored pixels.

    Returns:
        A scalar, 0..1; 0 when no pixel counts.
    """
    counted = (target != IGNORE_INDEX).flatten()
    label = target.flatten()
    present: list[int] = label[counted].bincount().nonzero().flatten().tolist()
    if not present:
        return logits.sum() * 0.0
    probs = logits.softmax(1).unbind(1)  # unbound once: a slice a class would fill a whole gradient each
    losses = [_one_class(probs[c].flatten(), label == c, counted) for c in present]
    return torch.stack(losses).mean()


def _one_class(probs: Tensor, truth: Tensor, counted: Tensor) -> Tensor:
    """Return the loss of one class from its probabilities (P,), its pixels (P,) bool, and those that count."""
    # An ignored pixel is a right one, last in the order, where it changes nobody's weight.
    errors = torch.where(counted, torch.where(truth, 1 - probs, probs), 0.0)
    with torch.no_grad():
        order = _descending_order(errors)
        # Weights go back to the pixels' own places: the backward pass is then a product, not a scatter.
        weights = torch.empty_like(errors)
        weights[order] = _jaccard_steps(truth[order], errors.dtype)
    return (errors * weights).sum()


def _jaccard_steps(truth: Tensor, dtype: torch.dtype) -> Tensor:
    """Return by how much the Jaccard loss grows with each wrong pixel, (P,) of ``dtype``, worst pixel first.

    Written as differences in closed form (1/U for a missed pixel, I/(U (U-1)) for a false one): subtracting
    neighbouring losses, which differ by a millionth, would lose most of float32's digits.
    """
    hits = truth.cumsum(0)
    num_truth = hits[-1]
    left = (num_truth - hits).to(dtype)
    union = (torch.arange(1, len(truth) + 1, device=truth.device) + num_truth - hits).to(dtype)
    # The class is present, so that the union is at least one before a false pixel; at a missed one 1/U is taken.
    return torch.where(truth, 1.0, left / (union - 1).clamp(min=1)) / union


def _descending_order(errors: Tensor) -> Tensor:
    """Return the positions of ``errors`` (P,), none negative, from the largest to the smallest."""
    if errors.device.type != "cpu" or errors.dtype != torch.float32:
        return errors.argsort(descending=True)
    # NumPy's vectorised sort of plain integers is several times faster on a CPU than a sort that carries
    # positions. The bits of floats >= 0 sort as integers do; the position rides in the lower half.
    bits = errors.detach().numpy().view(np.int32).astype(np.int64)
    keys = (-bits << 32) + np.arange(len(bits), dtype=np.int64)
    keys.sort()
    keys &= 0xFFFFFFFF
    return torch.from_numpy(keys)


class Lovasz(PixelLoss):
    """Lovász-Softmax loss over the classes in the target; see :func:`lovasz_softmax`."""

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss; see :func:`lovasz_softmax`."""
        return lovasz_softmax(logits, target)
