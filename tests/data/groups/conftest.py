"""Pictures with texture, made on the spot, and ways of altering them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from trashseg.data.groups.fingerprint import Fingerprints, fingerprint_of


def make_picture(seed: int, size: tuple[int, int] = (192, 256)) -> np.ndarray:
    """Return a picture (H, W, 3) with coarse and fine texture and a few objects, smooth as photographs are."""
    rng = np.random.default_rng(seed)
    picture = np.full((*size, 3), rng.uniform(70, 180, 3), np.float32)
    for cells in (4, 12, 40):
        noise = rng.normal(0, 20, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        corners = rng.uniform(0, size[::-1], 2) + rng.normal(0, 20, (5, 2))
        cv2.fillPoly(picture, [corners.astype(np.int32)], rng.uniform(0, 255, 3).tolist())
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    return make_picture


@pytest.fixture(scope="session")
def prints_of() -> Callable[[Sequence[np.ndarray]], Fingerprints]:
    """Return the fingerprints of pictures in memory."""
    return lambda pictures: np.stack([fingerprint_of(np.ascontiguousarray(each)) for each in pictures])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write pictures as JPEG files and return their paths."""

    def write_all(pictures: Sequence[np.ndarray], quality: int = 95, folder: str = "set") -> list[Path]:
        (tmp_path / folder).mkdir(exist_ok=True)
        paths = [tmp_path / folder / f"{i:04d}.jpg" for i in range(len(pictures))]
        for path, each in zip(paths, pictures, strict=True):
            assert cv2.imwrite(str(path), np.ascontiguousarray(each), [cv2.IMWRITE_JPEG_QUALITY, quality])
        return paths

    return write_all
