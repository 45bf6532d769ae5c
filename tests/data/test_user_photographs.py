"""Photographs that a user points at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from trashseg.data.resize import Resize
from trashseg.data.user_photographs import PhotographDataset, find_photographs
from trashseg.types import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.jpeg", "sub/notes.txt", ".hidden.jpg", "sub/[x]/d.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.write_text("no photograph", encoding="utf-8")
        else:
            Image.fromarray(np.full((20, 30, 3), 100, np.uint8)).save(path)
    return tmp_path / "photos"


def names(source: object) -> list[str]:
    return [name for name, _ in find_photographs(source)]  # type: ignore[arg-type]


def test_what_a_source_may_be(folder: Path, monkeypatch: Any) -> None:
    assert names(folder / "b.jpg") == ["b.jpg"]
    assert names(folder) == ["a.PNG", "b.jpg", "sub/[x]/d.jpg", "sub/c.jpeg"]
    assert names(folder / "sub/[x]") == ["d.jpg"]
    assert names(folder / "*.jpg") == ["b.jpg"]
    assert names(folder / "**/*.jp*g") == ["b.jpg", "sub/[x]/d.jpg", "sub/c.jpeg"]
    monkeypatch.chdir(folder)
    assert names("*.jpg") == ["b.jpg"]
    assert names("s*/*.jpeg") == ["sub/c.jpeg"]
    folder.rename(folder.with_name("2024"))
    monkeypatch.chdir(folder.parent)
    assert len(names(2024)) == 4


def test_a_coco_file(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"test": 3})
    found = find_photographs(str(root / "test.json"))
    assert [name for name, _ in found] == [f"batch_01_vt/{i:04d}.jpg" for i in range(3)]
    assert all(path.is_file() for _, path in found)


@pytest.mark.parametrize("source", ["nowhere", "*.gif", "photos/sub/*.txt", "empty"])
def test_nothing_there(folder: Path, source: str) -> None:
    (folder.parent / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no photograph; give .*\.jpg"):
        find_photographs(str(folder.parent / source))


def test_an_unreadable_photograph_is_told_and_the_others_go_on(folder: Path) -> None:
    (folder / "b.jpg").write_bytes(b"no photograph")
    dataset = PhotographDataset(find_photographs(str(folder)), Resize(24, "pad"))
    items = [dataset[i] for i in range(len(dataset))]
    assert [isinstance(item, DataError) for item in items] == [False, True, False, False]
    assert "b.jpg" in str(items[1])
    sample = items[0]
    assert not isinstance(sample, DataError)
    assert sample["image"].shape == (3, 24, 24)
    assert sample["image"].dtype == torch.uint8
    assert (sample["content"], sample["size"], sample["name"]) == ((16, 24), (20, 30), "a.PNG")
