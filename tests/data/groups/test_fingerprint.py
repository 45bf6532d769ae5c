"""Fingerprints and their cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from trashseg.data.groups import fingerprint
from trashseg.data.groups.fingerprint import fingerprints, read_small
from trashseg.types import DataError

Picture = Callable[..., np.ndarray]
Write = Callable[..., list[Path]]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The photographs that were looked at, as opposed to taken from the cache."""
    seen: list[Path] = []

    def note(path: Path) -> np.ndarray:
        seen.append(path)
        return read_small(path)

    monkeypatch.setattr(fingerprint, "read_small", note)
    return seen


def test_only_new_and_changed_photographs_are_looked_at(
    picture: Picture, write: Write, tmp_path: Path, read: list[Path]
) -> None:
    paths = write([picture(seed, (64, 96)) for seed in range(4)])
    first = fingerprints(paths[:3], tmp_path / "cache")
    assert sorted(read) == paths[:3]
    read.clear()
    np.testing.assert_array_equal(fingerprints(paths[:3], tmp_path / "cache"), first)
    assert read == []
    write([picture(9, (64, 96))])
    os.utime(paths[0], ns=(1, 1))
    changed = fingerprints(paths, tmp_path / "cache")
    assert sorted(read) == [paths[0], paths[3]]
    assert (changed[0]["tiny"] != first[0]["tiny"]).any()
    np.testing.assert_array_equal(changed[1:3], first[1:])
    assert not list((tmp_path / "cache").rglob("*.tmp*"))


def test_a_broken_cache_file_is_made_anew(picture: Picture, write: Write, tmp_path: Path, read: list[Path]) -> None:
    paths = write([picture(0, (64, 96))])
    first = fingerprints(paths, tmp_path / "cache")
    for content in (b"", b"\x93NUMPY rubbish"):
        next((tmp_path / "cache").rglob("*.npy")).write_bytes(content)
        np.testing.assert_array_equal(fingerprints(paths, tmp_path / "cache"), first)
    assert len(read) == 3


@pytest.mark.parametrize("size", [(2100, 1400), (300, 700), (90, 60), (1, 400)])
def test_photographs_are_brought_to_one_longer_side(picture: Picture, write: Write, size: tuple[int, int]) -> None:
    path = write([cv2.resize(picture(1), size[::-1], interpolation=cv2.INTER_CUBIC)])[0]
    small = read_small(path)
    assert max(small.shape[:2]) == 256
    assert small.shape[0] / small.shape[1] == pytest.approx(size[0] / size[1], rel=0.02, abs=1 / 256)
    how = cv2.INTER_AREA if max(size) > 256 else cv2.INTER_LINEAR
    expected = cv2.resize(cv2.imread(str(path)), small.shape[1::-1], interpolation=how)
    assert np.abs(small.astype(int) - expected).mean() < 4


def test_orientation_is_applied(picture: Picture, tmp_path: Path) -> None:
    image = picture(2, (600, 400))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(image[..., ::-1]).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    small = read_small(tmp_path / "turned.jpg")
    assert small.shape[:2] == (171, 256)
    expected = cv2.resize(np.rot90(image, -1), (256, 171), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 4


def test_photographs_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg does not exist; restore"):
        fingerprints([tmp_path / "gone.jpg"], tmp_path / "cache")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.jpg"):
        fingerprints([tmp_path / "text.jpg"], tmp_path / "cache")
