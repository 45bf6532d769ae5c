"""The stage that moves pixels: however many transforms, every image and mask is sampled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch.nn.functional import grid_sample

from trashseg.data.device.base import Leaf, Size, Stage, Tensors, put, take
from trashseg.data.device.geometry import Motion, Move
from trashseg.data.transforms.remap import Floats
from trashseg.data.transforms.warp import inverse
from trashseg.types import IGNORE_INDEX


class Warp(Stage):
    """Joins consecutive transforms that move pixels into one map of coordinates.

    The image is sampled between its pixels and black outside, the masks by the nearest pixel and ignored outside.
    """

    def __init__(self, moves: Sequence[Move]) -> None:
        self.moves = list(moves)

    def collate(self, drawn: Sequence[Mapping[Leaf, Any]], size: Size) -> Tensors | None:
        """Return ``due`` (n,), ``matrix`` (n, 2, 3), and what :func:`bends` gives."""
        motions = [[one[move] for move in self.moves if move in one] for one in drawn]
        due = [i for i, found in enumerate(motions) if found]
        if not due:
            return None
        joined = [join(motions[i]) for i in due]
        matrices = [into_picture(motion, size) for motion in joined]
        draws = {"due": torch.tensor(due), "matrix": torch.from_numpy(np.stack(matrices))}
        return {**draws, **bends(joined, matrices)}

    def apply(self, image: torch.Tensor, masks: torch.Tensor, draws: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both with the samples ``due`` moved."""
        due, grid = draws["due"], coordinates(draws, image)
        planes = take(image, due).contiguous()
        moved = grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        # Counted down from IGNORE_INDEX, what lies outside is zero.
        labels = grid_sample((IGNORE_INDEX - masks[due]).float(), grid, mode="nearest", align_corners=False)
        return put(image, due, moved), masks.index_copy(0, due, IGNORE_INDEX - labels.to(masks.dtype))


def join(motions: Sequence[Motion]) -> Motion:
    """Return the motion of several one after the other, of which only the last may bend."""
    return Motion(reduce(lambda before, motion: motion.matrix @ before, motions, np.eye(3)), motions[-1].bend)


def into_picture(motion: Motion, size: Size) -> Floats:
    """Return the (2, 3) from (x, y, 1) of the result, in pixels, to the picture, whose sides go from -1 to 1.

    These are grid_sample's units; they put the centre of the first of n pixels at 1 / n - 1.
    """
    height, width = size
    units = np.array([[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]])
    matrix = units @ np.vstack([inverse(motion.matrix), [0, 0, 1]])
    return np.asarray(matrix[:2], np.float32)


def bends(motions: Sequence[Motion], matrices: Sequence[Floats]) -> Tensors:
    """Return ``bent`` (b,), ``bend`` (b, 2, k, m), ``rows`` (H, k) and ``columns`` (m, W); nothing where none bends.

    Args:
        motions: of the samples due.
        matrices: (2, 3) of each, which carry the displacement into the picture, too.
    """
    found = [(i, motion.bend) for i, motion in enumerate(motions) if motion.bend is not None]
    if not found:
        return {}
    grids = [np.einsum("ij,jkm->ikm", matrices[i][:, :2], np.stack([bend.x, bend.y])) for i, bend in found]
    rows, columns = found[0][1].rows, np.ascontiguousarray(found[0][1].columns)
    arrays = {"bent": np.array([i for i, _ in found]), "bend": np.stack(grids), "rows": rows, "columns": columns}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def coordinates(draws: Tensors, image: torch.Tensor) -> torch.Tensor:
    """Return where the pixels of the results lie in the pictures, (n, H, W, 2), in grid_sample's units.

    Sums of single products rather than matrix products, which a card may round to ten bits: a quarter of a pixel.
    """
    height, width = image.shape[-2:]
    across, down, shift = draws["matrix"][..., None, None].unbind(2)
    x = torch.arange(width, device=image.device, dtype=torch.float32)
    y = torch.arange(height, device=image.device, dtype=torch.float32)[:, None]
    grid = across * x + (down * y + shift)
    if "bent" in draws:
        # Of a displacement, which is a few pixels, ten bits are enough.
        grid = grid.index_add(0, draws["bent"], draws["rows"] @ draws["bend"] @ draws["columns"])
    return grid.movedim(1, -1)
