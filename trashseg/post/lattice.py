"""Gaussian filtering in several dimensions on the permutohedral lattice.

After A. Adams, J. Baek, M. A. Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice" (Eurographics
2010). Each point lies in a simplex of d + 1 lattice points: values are spread onto these, blurred along each of the
d + 1 directions of the lattice, and collected again. All are operations on whole arrays, on the device of the points.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from trashseg.types import ConfigError


class Lattice:
    """The lattice points around N points, ready to filter any number of values given at these.

    Args:
        features: positions (d, N), float32, in standard deviations of the Gaussian.

    Raises:
        ConfigError: the positions span so many deviations that lattice points cannot be numbered in 63 bits.
    """

    def __init__(self, features: Tensor) -> None:
        dim, self.num_points = features.shape
        self.device = features.device
        keys, weights, steps = _simplices(features)
        order = _argsort(keys.flatten())
        used, counts = torch.unique_consecutive(keys.flatten().index_select(0, order), return_counts=True)
        number = torch.arange(len(used), dtype=torch.int32, device=keys.device).repeat_interleave(counts)
        vertices = torch.empty_like(number).scatter_(0, order, number)
        self._vertices, self._weights = vertices.view(dim + 1, -1).T.contiguous(), weights.T.contiguous()
        self._spread_from = (order % self.num_points).int()
        self._spread_weights = weights.flatten().index_select(0, order)
        self._starts = F.pad(counts.cumsum(0), (1, 0)).int()
        self._blurred_from = _blurred_from(used, steps)
        self._blur_weights = torch.tensor([1.0, 0.5, 0.5], device=self.device).repeat(len(used) + 1, 1)
        # What the blur's weights (1/2, 1, 1/2) and the spreading add up to.
        self._scale = 1 / (1 + 2.0**-dim)

    def filter(self, values: Tensor) -> Tensor:
        """Return the sums over all points, weighted by exp(-distance^2 / 2), of ``values`` (N, C), float32."""
        spread = _weighted_sums(values, self._spread_from, self._spread_weights, self._starts)
        # The last row stands for lattice points near no point: always 0.
        blurred = F.pad(spread, (0, 0, 0, 1))
        for rows in self._blurred_from:
            blurred = _weighted_sums(blurred, rows, self._blur_weights)
        return _weighted_sums(blurred, self._vertices, self._weights).mul_(self._scale)


def _simplices(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the corners of the simplex around each point, and how to step from a lattice point to its neighbours.

    Returns:
        Keys (d + 1, N), int64, one number a lattice point; barycentric weights (d + 1, N); and what one step along each
        of the d + 1 directions adds to a key (d + 1,), int64.
    """
    dim, order = len(features), len(features) + 1
    rest = _elevate(features)
    nearest = (rest / order).round_()
    rest -= nearest * order
    rank = _ranks(rest) + nearest.sum(0).to(torch.int8)
    # The rounded point may lie off the lattice's plane; the furthest coordinates move by one to bring it back.
    moved = (rank < 0).to(torch.int8) - (rank > dim).to(torch.int8)
    rest -= order * moved
    rank = (rank + order * moved).to(torch.int64)
    nearest += moved
    places = _places(nearest, dim)
    descending = torch.empty_like(rest).scatter_(0, rank, rest / order)
    weights = torch.cat([1 + descending[-1:] - descending[:1], (descending[:-1] - descending[1:]).flip(0)])
    steps = order * places - places.sum()
    first = (nearest.to(torch.int64) * (order * places)[:, None]).sum(0)
    # The next corner is one further in all coordinates but the one that ranks last, which falls back by d.
    by_rank = torch.empty_like(rank).scatter_(0, rank, steps[:, None].expand_as(rank))
    return torch.cat([first[None], first - by_rank[1:].flip(0).cumsum(0)]), weights, steps


def _elevate(features: Tensor) -> Tensor:
    """Return points (d, N) in the plane of d + 1 coordinates that sum to 0, where the blur has deviation 1."""
    dim = len(features)
    numbers = torch.arange(1, dim + 1, dtype=features.dtype, device=features.device)
    scaled = features * ((dim + 1) * math.sqrt(2 / 3) / (numbers * (numbers + 1)).sqrt())[:, None]
    # Coordinate i is the sum of the features behind it, less i times the one before it.
    sums = F.pad(scaled.flip(0).cumsum(0).flip(0), (0, 0, 0, 1))
    sums[1:] -= scaled * numbers[:, None]
    return sums


def _ranks(rest: Tensor) -> Tensor:
    """Return how many of the coordinates (d + 1, N) of each point exceed each one, or equal it and come later."""
    rank = torch.zeros(rest.shape, dtype=torch.int8, device=rest.device)
    for i, j in itertools.combinations(range(len(rest)), 2):
        smaller = rest[i] < rest[j]
        rank[i] += smaller
        rank[j] += ~smaller
    return rank


def _places(nearest: Tensor, dim: int) -> Tensor:
    """Return the place value (d + 1,), int64, of each coordinate in a key; the last, which the rest give, has 0.

    Raises:
        ConfigError: the keys do not fit into 63 bits.
    """
    spans = ((nearest.amax(1) - nearest.amin(1)) * (dim + 1)).tolist()
    places = [1]
    for span in spans[:-1]:
        # Corners lie up to d off the rounded point, and their neighbours d further.
        places.append(places[-1] * (int(span) + 4 * dim + 1))
    if places[-1] >= 2**62:
        raise ConfigError("the deviations of the CRF are too small for this photograph; give larger ones.")
    return torch.tensor([*places[:-1], 0], device=nearest.device)


def _argsort(keys: Tensor) -> Tensor:
    """Return the order (N,), int64, that sorts ``keys`` (N,); on a CPU numpy takes less than half of torch's time."""
    return torch.from_numpy(np.argsort(keys.numpy())) if keys.device.type == "cpu" else keys.argsort()


def _searchsorted(ordered: Tensor, wanted: Tensor) -> Tensor:
    """Return where ``wanted`` (M,) belongs in ``ordered`` (N,), int64; on a CPU numpy takes a third of torch's time."""
    if ordered.device.type == "cpu":
        return torch.from_numpy(np.searchsorted(ordered.numpy(), wanted.numpy()))
    return torch.searchsorted(ordered, wanted)


def _blurred_from(used: Tensor, steps: Tensor) -> list[Tensor]:
    """Return, for each direction, the positions (M + 1, 3), int32, of a lattice point and its two neighbours.

    Args:
        used: keys (M,), ascending; position M stands for a point that is not among them.
        steps: what a step along each direction adds to a key.
    """
    none = len(used)
    own = torch.arange(none + 1, device=used.device)
    listed = []
    for step in steps:
        wanted = used + step
        found = _searchsorted(used, wanted).clamp_(max=none - 1)
        after = F.pad(torch.where(used[found] == wanted, found, none), (0, 1), value=none)
        before = torch.full_like(after, none).scatter_(0, after, own)
        before[none] = none
        listed.append(torch.stack([own, before, after], 1).int())
    return listed


def _weighted_sums(values: Tensor, rows: Tensor, weights: Tensor, starts: Tensor | None = None) -> Tensor:
    """Return sums (M, C) of rows of ``values`` (N, C), each with its weight.

    Args:
        values: what to add up.
        rows: which rows: sum m's in ``rows[m]`` (M, R) or, given ``starts`` (M + 1,), from ``rows[starts[m]]`` on.
        weights: of each, in the shape of ``rows``.
        starts: positions in ``rows`` and ``weights``, one behind the last included.
    """
    return F.embedding_bag(
        rows, values, starts, per_sample_weights=weights, mode="sum", include_last_offset=starts is not None
    )
