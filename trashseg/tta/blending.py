"""Smooth weights for parts of a picture that overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def taper(length: int, *, first: bool = True, last: bool = True) -> Tensor:
    """Return weights (length,), float64, above 0 and at most 1, that fall like a cosine towards an end.

    Args:
        length: in pixels.
        first: whether they fall towards the first pixel.
        last: whether they fall towards the last one.
    """
    places = (torch.arange(length, dtype=torch.float64) + 0.5) / length
    weights = torch.ones_like(places)
    if first and last:
        weights = (math.pi * places).sin()
    elif first or last:
        weights = (math.pi / 2 * (places if first else 1 - places)).sin()
    return weights.square()


def starts(length: int, window: int, step: int) -> list[int]:
    """Return where windows begin that cover ``length`` pixels, evenly and at most ``step`` apart."""
    if length <= window:
        return [0]
    count = -(-(length - window) // step)
    return [round(i * (length - window) / count) for i in range(count + 1)]


def partition(length: int, window: int, begins: Sequence[int]) -> Tensor:
    """Return the weights (windows, window), float32, of windows of one length; over each pixel they sum to 1."""
    weight = taper(window)
    total = torch.zeros(length, dtype=torch.float64)
    for begin in begins:
        total[begin : begin + window] += weight
    return torch.stack([weight / total[begin : begin + window] for begin in begins]).float()
