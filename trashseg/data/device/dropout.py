"""Holes, cut out on the device."""

from __future__ import annotations

from typing import Any

import albumentations
import numpy as np
import torch

from trashseg.data.device.base import Numbers, Size, Tensors
from trashseg.data.device.color import Paint


class GridDropout(Paint):
    """Black holes on a grid as albumentations' GridDropout (Chen et al. 2020, GridMask); masks stay as they are.

    Args:
        ratio: of a hole's side to its cell's, above 0, up to 1.
        holes_number_xy: cells of the grid, across and down.
        random_offset: each hole at a place of its own within its cell, rather than in its corner.
        p: probability for each sample.
    """

    def __init__(
        self,
        ratio: float = 0.5,
        holes_number_xy: tuple[int, int] = (3, 3),
        random_offset: bool = True,
        p: float = 0.5,
    ) -> None:
        worker = albumentations.GridDropout(
            ratio=ratio, holes_number_xy=holes_number_xy, random_offset=random_offset, p=1.0
        )
        super().__init__(worker, p)

    def draw(self, numbers: Numbers, size: Size) -> dict[str, Any]:
        """Return ``holes`` (number, 4): left, top, right and bottom, the last two outside."""
        return {"holes": np.asarray(self.parameters(numbers, size)["holes"], np.int32)}

    def paint(self, image: torch.Tensor, draws: Tensors) -> torch.Tensor:
        """Return the image, black in the holes."""
        left, top, right, bottom = draws["holes"].unbind(2)
        across, down = within(left, right, image.shape[3]), within(top, bottom, image.shape[2])
        covered = down.transpose(1, 2) @ across
        return image * (covered == 0)[:, None]


def within(start: torch.Tensor, stop: torch.Tensor, length: int) -> torch.Tensor:
    """Return (n, number, length), float32: 1 from ``start`` up to, not including, ``stop`` (n, number), else 0."""
    places = torch.arange(length, device=start.device)
    return ((places >= start[..., None]) & (places < stop[..., None])).float()
