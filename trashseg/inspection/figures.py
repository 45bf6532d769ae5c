"""The numbers of the page: counts, shares, sizes, positions and what occurs together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.masks import shrink_mask
from trashseg.inspection.album import REFERENCE_SIDE, Album
from trashseg.inspection.objects import Objects
from trashseg.inspection.photometry import pooled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIDE_EDGES = (0, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, REFERENCE_SIDE)
"""Bounds of the histogram of object sizes: the side of a square of the same area, see :data:`REFERENCE_SIDE`."""

SMALL_SIDE = 32
"""COCO's bound of small objects: an area below 32 x 32 pixels."""

GRID = 24
"""Rows and columns of the maps of positions."""

_SAMPLES = 4  # looked at in each cell, in each direction
_LUMA = (0.299, 0.587, 0.114)  # of R, G, B: ITU-R BT.601
_NUM_SIZES = 12


def part_figures(album: Album, objects: Objects, moments: Floats) -> list[dict[str, Any]]:
    """Return for each part its photographs, objects, and the mean and deviation of its channels, 0..1."""
    rows = []
    for n, part in enumerate(album.parts):
        own = album.part_of == n
        mean, deviation = pooled(moments[own])
        rows.append(
            {
                "name": part.split.value,
                "file": part.prepared.index.path.name,
                "labelled": part.prepared.has_masks,
                "broken": len(part.prepared.problems),
                "photographs": int(own.sum()),
                "objects": int(own[objects.photo].sum()),
                "mean": mean.tolist(),
                "std": deviation.tolist(),
            }
        )
    return rows


def class_figures(album: Album, objects: Objects) -> list[dict[str, Any]]:
    """Return for each class its names and, a number a part, its photographs, objects and pixels."""
    num_parts, num_classes = len(album.parts), len(album.table)
    pixels = np.zeros((num_parts, num_classes), np.int64)
    photographs, counts = pixels.copy(), pixels.copy()
    np.add.at(pixels, album.part_of, album.class_pixels)
    np.add.at(photographs, album.part_of, album.class_pixels > 0)
    np.add.at(counts, (album.part_of[objects.photo], objects.class_id), 1)
    return [
        {
            "name": info.name,
            "korean": info.korean,
            "color": list(info.color),
            "photographs": photographs[:, k].tolist(),
            "objects": counts[:, k].tolist(),
            "pixels": pixels[:, k].tolist(),
        }
        for k, info in enumerate(album.table.classes)
    ]


def size_figures(album: Album, objects: Objects) -> dict[str, Any]:
    """Return the histogram of object sizes, (K, bins), and each class's median size and number of small objects."""
    sides = np.sqrt(objects.area) / album.scales[objects.photo]
    bins = np.clip(np.searchsorted(SIDE_EDGES, sides, side="right") - 1, 0, len(SIDE_EDGES) - 2)
    counts = np.zeros((len(album.table), len(SIDE_EDGES) - 1), np.int64)
    np.add.at(counts, (objects.class_id, bins), 1)
    of_class = [sides[objects.class_id == k] for k in range(len(album.table))]
    return {
        "edges": list(SIDE_EDGES),
        "small_side": SMALL_SIDE,
        "counts": counts.tolist(),
        "small": [int((own < SMALL_SIDE).sum()) for own in of_class],
        "medians": [float(np.median(own)) if len(own) else None for own in of_class],
    }


def position_figures(album: Album) -> dict[str, Any]:
    """Return where each class lies: (K, GRID * GRID) shares of a cell's pixels over all labelled photographs, 0..1.

    Photographs are stretched to one square. Of every cell 4 x 4 pixels of each photograph are looked at.
    """
    side, num_classes = GRID * _SAMPLES, len(album.table)
    cell = np.arange(side) // _SAMPLES
    base = (cell[:, None] * GRID + cell) * 256
    counts = np.zeros(GRID * GRID * 256, np.int64)
    labelled = np.flatnonzero(album.labelled).tolist()
    for i in labelled:
        mask = shrink_mask(album.mask(i), (side, side))
        counts += np.bincount((base + mask).ravel(), minlength=counts.size)
    shares = counts.reshape(-1, 256)[:, :num_classes].T / max(1, len(labelled) * _SAMPLES**2)
    return {"grid": GRID, "shares": np.round(shares, 5).tolist()}


def together_figures(album: Album) -> list[list[int]]:
    """Return (K, K): in how many photographs two classes occur both; the diagonal counts those of one class."""
    present = (album.class_pixels > 0).astype(np.int64)
    counts: list[list[int]] = (present.T @ present).tolist()
    return counts


def photograph_figures(album: Album, objects: Objects, moments: Floats) -> dict[str, Any]:
    """Return histograms of objects a photograph and of brightness (0..1, 16 bins), and the commonest sizes."""
    counts = np.bincount(objects.photo, minlength=len(album))[album.labelled]
    brightness, _ = np.histogram(moments[:, 1:4] @ _LUMA, 16, (0, 1))
    sizes, numbers = np.unique(album.sizes, axis=0, return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    return {
        "objects": np.bincount(counts).tolist(),
        "brightness": brightness.tolist(),
        "sizes": [[*sizes[n].tolist(), int(numbers[n])] for n in order[:_NUM_SIZES].tolist()],
        "num_sizes": len(sizes),
        "aspects": np.quantile(album.sizes[:, 1] / album.sizes[:, 0], [0, 0.5, 1]).tolist(),
    }
