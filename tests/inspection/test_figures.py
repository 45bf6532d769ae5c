"""Counts, shares and statistics against sums over pycocotools' masks and Pillow's pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from trashseg.inspection import figures
from trashseg.inspection.album import Album
from trashseg.inspection.objects import gather_objects
from trashseg.inspection.photometry import channel_moments

from .small import rectangle

pytestmark = pytest.mark.filterwarnings(  # pycocotools 2.0 has an __array__ of the old form
    "ignore:__array__ implementation:DeprecationWarning"
)

SIZE = (96, 192)


@pytest.fixture
def album(open_set: Callable[..., Album]) -> Album:
    """Photographs of two parts with objects that do not overlap: one in each quarter, at most."""
    rng = np.random.default_rng(8)

    def photograph() -> list[dict[str, Any]]:
        corners = [corner for corner in ((0, 0), (96, 0), (0, 48), (96, 48)) if rng.random() < 0.6]
        return [
            rectangle(x, y, x + int(rng.integers(4, 96)), y + int(rng.integers(4, 48)), int(rng.integers(1, 4)))
            for x, y in corners
        ]

    return open_set(size=SIZE, train=[photograph() for _ in range(7)], val=[photograph() for _ in range(4)], test=[[]])


def coco_masks(root: Path, name: str) -> np.ndarray:
    """Return the masks (N, H, W) of a part, painted by pycocotools."""
    coco = COCO(str(root / f"{name}.json"))
    masks = np.zeros((len(coco.imgs), *SIZE), np.uint8)
    for annotation in coco.anns.values():
        masks[annotation["image_id"]][coco.annToMask(annotation) == 1] = annotation["category_id"]
    return masks


def test_classes(album: Album, tmp_path: Path) -> None:
    found = figures.class_figures(album, gather_objects(album))
    assert [entry["name"] for entry in found] == ["Background", "Paper", "Metal", "Glass"]
    for n, name in enumerate(("train", "val")):
        masks, coco = coco_masks(tmp_path, name), COCO(str(tmp_path / f"{name}.json"))
        for k, entry in enumerate(found):
            assert entry["pixels"][n] == (masks == k).sum()
            assert entry["photographs"][n] == (masks == k).any((1, 2)).sum()
            assert entry["objects"][n] == len(coco.getAnnIds(catIds=[k]) if k else [])
    assert [found[0][key][2] for key in ("pixels", "photographs", "objects")] == [0, 0, 0], "no labels"


def test_together_and_positions(album: Album, tmp_path: Path) -> None:
    masks = np.concatenate([coco_masks(tmp_path, name) for name in ("train", "val")])
    together = figures.together_figures(album)
    for a in range(4):
        for b in range(4):
            assert together[a][b] == ((masks == a).any((1, 2)) & (masks == b).any((1, 2))).sum()
    found = figures.position_figures(album)
    assert found["grid"] == figures.GRID
    # A cell is 4 x 8 pixels, of which every second column is looked at.
    cells = masks[:, :, 1::2].reshape(len(masks), figures.GRID, 4, figures.GRID, 4)
    exact = [(cells == k).mean((0, 2, 4)).ravel() for k in range(4)]
    np.testing.assert_allclose(found["shares"], exact, atol=1e-5)


def test_sizes(open_set: Callable[..., Album]) -> None:
    sides = [3, 4, 7, 31, 33]
    objects = [[rectangle(10, 10, 10 + side, 10 + side)] for side in sides]
    album = open_set(size=(512, 512), train=objects, val=[[]])
    found = figures.size_figures(album, gather_objects(album))
    counts = dict(zip(found["edges"], found["counts"][1], strict=False))
    assert {edge: count for edge, count in counts.items() if count} == {0: 1, 4: 1, 6: 1, 24: 1, 32: 1}
    assert found["small"] == [0, 4, 0, 0]
    assert found["medians"] == [None, 7.0, None, None]


def test_mean_and_deviation_are_those_of_all_pixels(album: Album) -> None:
    paths = [album.image_path(i) for i in range(len(album))]
    moments = channel_moments(paths)
    rows = figures.part_figures(album, gather_objects(album), moments)
    for n, row in enumerate(rows):
        own = [path for i, path in enumerate(paths) if album.part_of[i] == n]
        pixels = np.concatenate([np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3) for path in own]) / 255
        np.testing.assert_allclose(row["mean"], pixels.mean(0), atol=2e-3)
        np.testing.assert_allclose(row["std"], pixels.std(0), atol=2e-3)
    assert [row["photographs"] for row in rows] == [7, 4, 1]
    assert [row["labelled"] for row in rows] == [True, True, False]


def test_photographs(album: Album, tmp_path: Path) -> None:
    moments = channel_moments([album.image_path(i) for i in range(len(album))])
    found = figures.photograph_figures(album, gather_objects(album), moments)
    parts = [COCO(str(tmp_path / f"{name}.json")) for name in ("train", "val")]
    numbers = [len(coco.getAnnIds(imgIds=i)) for coco in parts for i in coco.imgs]
    assert found["objects"] == np.bincount(numbers).tolist()
    assert sum(found["brightness"]) == 12
    assert found["sizes"] == [[96, 192, 12]]
    assert found["aspects"] == [2.0, 2.0, 2.0]
