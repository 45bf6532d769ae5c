"""Temperature scaling: the one number that makes a network as sure as it should be.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trashseg.types import IGNORE_INDEX

LEAST_PROB = 1e-12
"""Smaller probabilities count as this one: where half precision rounds to 0 a logarithm would be infinite."""
_SHARPNESS = (0.02, 50.0)  # 1 / temperature; further out lie data that no network is right or wrong about
_NUM_STEPS = 60


class PixelSample:
    """Random pixels of every photograph, on which a temperature is fitted.

    Neighbouring pixels say much the same, so that a few of each photograph do: 256 of them take 11 KB at 11 classes.
    Only log-probabilities are kept, which serve as well as logits: softmax(log p / T) is softmax(logits / T).

    Args:
        per_image: pixels drawn from a photograph; those that are ignored are dropped afterwards.
        seed: decides the places, together with the number of photographs added before.
    """

    def __init__(self, per_image: int = 256, seed: int = 0) -> None:
        self._per_image, self._rng = per_image, np.random.default_rng(seed)
        self._log_probs: list[Tensor] = []
        self._target: list[Tensor] = []

    def add(self, probs: Tensor, target: npt.NDArray[np.uint8]) -> None:
        """Draw from a photograph: ``probs`` (K, H, W) on any device, ``target`` class ids (H, W)."""
        places = self._rng.integers(target.size, size=self._per_image)
        places = places[target.reshape(-1)[places] != IGNORE_INDEX]
        index = torch.from_numpy(places).to(probs.device)
        drawn = probs.flatten(1)[:, index].T.float().cpu()
        self._log_probs.append(drawn.clamp_min(LEAST_PROB).log())
        self._target.append(torch.from_numpy(target.reshape(-1)[places]))

    def extend(self, log_probs: Tensor, target: Tensor) -> None:
        """Take over what another sample drew: (n, K) and (n,)."""
        self._log_probs.append(log_probs)
        self._target.append(target)

    def log_probs(self) -> Tensor:
        """Return the log-probabilities drawn so far (n, K), float32."""
        return torch.cat(self._log_probs) if self._log_probs else torch.zeros(0, 0)

    def target(self) -> Tensor:
        """Return their true classes (n,), uint8."""
        return torch.cat(self._target) if self._target else torch.zeros(0, dtype=torch.uint8)


def fit_temperature(log_probs: Tensor, target: Tensor) -> float:
    """Return the temperature T for which softmax(log_probs / T) makes the true classes most likely.

    The negative log-likelihood is convex in 1 / T; Newton's method finds its minimum, halving the interval of its
    slope's sign instead where a step would leave it.

    Args:
        log_probs: (n, K), logits or log-probabilities.
        target: true classes (n,), integer.

    Returns:
        T within 0.02..50: above 1 for a network too sure of itself; NaN without pixels.
    """
    if not len(target):
        return float("nan")
    scores = log_probs.double()
    true_scores = scores.gather(1, target.long()[:, None])[:, 0]
    low, high = _SHARPNESS
    sharpness = 1.0
    for _ in range(_NUM_STEPS):
        slope, curvature = _derivatives(scores, true_scores, sharpness)
        low, high = (sharpness, high) if slope < 0 else (low, sharpness)
        step = sharpness - slope / curvature if curvature > 0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - sharpness) < 1e-9 * sharpness:
            break
        sharpness = following
    return 1 / sharpness


def apply_temperature(log_probs: Tensor, temperature: float) -> Tensor:
    """Return the probabilities softmax(log_probs / temperature) along the last axis."""
    return (log_probs / temperature).softmax(-1)


def _derivatives(scores: Tensor, true_scores: Tensor, sharpness: float) -> tuple[float, float]:
    """Return the first and second derivative of the mean negative log-likelihood by the sharpness."""
    probs = (scores * sharpness).softmax(1)
    mean = (probs * scores).sum(1)
    variance = (probs * (scores - mean[:, None]).square()).sum(1)
    return float((mean - true_scores).mean()), float(variance.mean())
