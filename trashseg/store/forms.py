"""The forms in which a store keeps probabilities: one byte a value, at full size or at a quarter of each side."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.types import ConfigError, did_you_mean

Grid = tuple[Tensor, Tensor]
"""Rows (r,) and columns (c,) of a photograph, int64, whose crossings are (r, c) of its pixels."""


class Form(Protocol):
    """From probabilities to levels of one byte and back.

    A class whose levels are all 0 has probability 0 throughout.
    """

    def shape(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return (h, w) of the levels of a photograph of ``size`` (H, W)."""

    def quantise(self, probs: Tensor) -> tuple[Tensor, float]:
        """Return the levels (K, h, w), uint8, of ``probs`` (K, H, W), float32, and the scale to read them with."""

    def restore(self, levels: Tensor, scale: float, size: tuple[int, int]) -> Tensor:
        """Return the probabilities (C, H, W), float32, of C classes from their levels (C, h, w) and the scale."""

    def sample(self, levels: Tensor, scale: float, size: tuple[int, int], grid: Grid) -> Tensor:
        """Return what :meth:`restore` has at the rows and columns of ``grid``, without computing the rest."""


class FullSize:
    """Probabilities in equal steps of 1/254, at every pixel.

    No pixel changes its class: where rounding makes the most probable class share its level, it gets the next one. A
    probability is off by at most half a step (.002), or by one and a half (.006) where that happened; a pixel's sum
    over the classes by at most (K + 2) / 508. Steps of the square root would be finer near 0, where nothing is decided,
    and coarser above 1/4; they take three times the bytes.
    """

    STEPS = 254  # not 255, so that the level of a winner can always be raised

    def shape(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``size``."""
        return size

    def quantise(self, probs: Tensor) -> tuple[Tensor, float]:
        """Return levels 0..255 and 1."""
        levels = (probs * self.STEPS).add_(0.5).to(torch.uint8)
        tied = (levels == levels.amax(0)).sum(0, dtype=torch.uint8) > 1
        winner = probs[:, tied].argmax(0, keepdim=True)
        columns = levels[:, tied]
        levels[:, tied] = columns.scatter_add_(0, winner, torch.ones_like(winner, dtype=torch.uint8))
        return levels, 1.0

    def restore(self, levels: Tensor, scale: float, size: tuple[int, int]) -> Tensor:  # noqa: ARG002 - Form's
        """Return levels / 254."""
        return levels.float().div_(self.STEPS / scale)

    def sample(self, levels: Tensor, scale: float, size: tuple[int, int], grid: Grid) -> Tensor:
        """Return the levels of the grid / 254."""
        rows, columns = grid
        return self.restore(levels[:, rows[:, None], columns], scale, size)


class Coarse:
    """Log-probabilities of every fourth row and column in 255 equal levels, enlarged bilinearly on reading.

    Each value is the mean of 4x4 pixels, corrected once by the mean of what enlarging it misses (back-projection, Irani
    and Peleg 1991), which halves the share of pixels that change their class. A log-probability of the coarse grid is
    off by at most half a level, scale / 508, the scale being the photograph's own range and at most 8; what enlarging
    loses depends on the maps. Classes that nowhere exceed 1/255 are left out. What is read sums to 1.
    """

    STRIDE = 4
    RANGE = 8.0  # probabilities below exp(-8) = .0003 count as that much
    LEAST = 1 / 255

    def shape(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``size`` / 4, rounded up."""
        return -(-size[0] // self.STRIDE), -(-size[1] // self.STRIDE)

    def quantise(self, probs: Tensor) -> tuple[Tensor, float]:
        """Return levels 1..255 (0 for a class left out) and the range of the log-probabilities, at most 8."""
        size = (probs.shape[1], probs.shape[2])
        present = probs.amax((1, 2)) > self.LEAST
        logs = self._logs(probs[present])
        scale = max(-float(logs.amin()), torch.finfo().eps)
        levels = torch.zeros(len(probs), *self.shape(size), dtype=torch.uint8, device=probs.device)
        levels[present] = (logs / scale).add_(1).mul_(254).add_(1.5).to(torch.uint8)
        return levels, scale

    def restore(self, levels: Tensor, scale: float, size: tuple[int, int]) -> Tensor:
        """Return the softmax over the C classes of the enlarged levels."""
        return _enlarged(self._log_levels(levels, scale), size).softmax(0)

    def sample(self, levels: Tensor, scale: float, size: tuple[int, int], grid: Grid) -> Tensor:
        """Return the softmax over the C classes at the grid, enlarged by one product for each axis."""
        down, along = (_line_weights(*axis) for axis in zip(grid, levels.shape[1:], size, strict=True))
        return (down @ self._log_levels(levels, scale) @ along.T).softmax(0)

    @staticmethod
    def _log_levels(levels: Tensor, scale: float) -> Tensor:
        return levels.float().sub_(1).mul_(scale / 254)

    def _logs(self, probs: Tensor) -> Tensor:
        """Return coarse log-probabilities (C, h, w), -8..0."""
        size = (probs.shape[1], probs.shape[2])
        logs = probs.log().clamp_(min=-self.RANGE)
        coarse = _area_mean(logs, self.shape(size))
        missed = logs.sub_(_enlarged(coarse, size))
        return coarse.add_(_area_mean(missed, self.shape(size))).clamp_(-self.RANGE, 0)


FORMS: dict[str, Form] = {"probs": FullSize(), "coarse": Coarse()}
"""What ``save=`` takes."""


def find_form(name: str) -> Form:
    """Return the form of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in FORMS:
        raise ConfigError(f"save={name} is no form of predictions. {did_you_mean(str(name), FORMS)}")
    return FORMS[name]


def _area_mean(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps[None], size, mode="area")[0]


def _enlarged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps[None], size, mode="bilinear", align_corners=False)[0]


def _line_weights(places: Tensor, length: int, full: int) -> Tensor:
    """Return (n, length) weights: how ``places`` on a line of ``full`` pixels mix those of a coarse one, bilinearly."""
    centre = ((places + 0.5) * (length / full) - 0.5).clamp_(0, length - 1)
    distance = (centre[:, None] - torch.arange(length)).abs_()
    return (1 - distance).clamp_min_(0)
