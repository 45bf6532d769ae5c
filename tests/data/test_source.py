"""Which files make up a data set, and what their categories mean."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.data.raster import UNPAINTED
from trashseg.data.source import HOLDOUT_BLOCK, Source, holdout_members
from trashseg.types import IGNORE_INDEX, ConfigError, DataError, Split

TWO = {"Background": {"id": 0, "color": [0, 0, 0]}, "Paper": {"id": 1, "color": [9, 9, 9]}}


@pytest.mark.parametrize(("num", "share"), [(3, 0.2), (10, 0.5), (39, 0.2), (300, 0.1), (1000, 0.25), (7, 0.9)])
def test_holdout_takes_about_its_share_in_runs(num: int, share: float) -> None:
    names = [f"batch/{i:04d}.jpg" for i in range(num)]
    held_out = holdout_members(names, share)
    assert 0 < held_out.sum() < num
    block = max(1, min(HOLDOUT_BLOCK, round(num * min(share, 1 - share) / 2)))
    assert abs(held_out.sum() - num * share) <= block
    starts = np.flatnonzero(np.diff(held_out.astype(int), prepend=0) == 1)
    assert len(starts) <= int(held_out.sum()) // block + 1


def test_holdout_keeps_neighbours_together_whatever_the_order_and_the_digits() -> None:
    names = [f"{folder}/{i}.jpg" for folder in ("batch_1", "batch_2") for i in range(100)]
    shuffled = np.random.default_rng(0).permutation(names).tolist()
    side = dict(zip(shuffled, holdout_members(shuffled, 0.2).tolist(), strict=True))
    assert [side[name] for name in names] == holdout_members(names, 0.2).tolist()
    runs = [(key, len(list(group))) for key, group in itertools.groupby(side[name] for name in names)]
    # 9.jpg stands before 10.jpg.
    assert all(length % HOLDOUT_BLOCK == 0 for _, length in runs)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1])
def test_holdout_share_must_be_one(share: float) -> None:
    with pytest.raises(ConfigError, match="share between 0 and 1"):
        holdout_members(["a", "b"], share)


def test_holdout_of_a_single_photograph_is_refused() -> None:
    with pytest.raises(ConfigError, match="leaves one side empty"):
        holdout_members(["a"], 0.2)


def test_holdout_parts_of_a_data_set_are_disjoint(make_coco: Callable[..., Path]) -> None:
    source = Source(str(make_coco({"train": 12})), val=None, test=None, holdout=0.25)
    names = list(source.index(Split.TRAIN).file_names)
    train, val = source.members(Split.TRAIN, names), source.members(Split.VAL, names)
    assert sorted([*train, *val]) == list(range(12))
    assert 2 <= len(val) <= 4


def test_classes_come_from_the_file(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"train": 2}, categories=["Zebra", "Ant", "background"])
    table = Source(str(root)).table
    assert table.names == ("Background", "Zebra", "Ant")
    assert len({info.color for info in table.classes}) == 3
    assert Source(str(root), classes={}).table == table


def mapped(root: Path, **category_map: str) -> dict[int, int]:
    source = Source(str(root), classes=TWO, category_map=category_map)
    return source.class_of(source.index(Split.TRAIN))


def test_category_map(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"train": 2}, categories=["Paper", "Box", "Dirt", "Sky"])
    assert mapped(root, Box="Paper", Dirt="ignore", Sky="drop") == {1: 1, 2: 1, 3: IGNORE_INDEX, 4: UNPAINTED}
    # A category that is neither a class nor mapped has no meaning: prepare refuses it.
    assert mapped(root, Box="Paper") == {1: 1, 2: 1}
    with pytest.raises(ConfigError, match=r"Box: Papr names no class. Did you mean Paper\?"):
        mapped(root, Box="Papr")


def test_unmapped_category_is_told_with_its_name(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"train": 2}, categories=["Paper", "Box"])
    with pytest.raises(DataError, match=r"category 2 \(Box\).*map it"):
        Source(str(root), classes=TWO).prepare(Split.TRAIN)


def test_category_map_reaches_the_masks(make_coco: Callable[..., Path]) -> None:
    root = make_coco({"train": 3}, categories=["Paper", "Box", "Sky"])
    plain = Source(str(root)).prepare(Split.TRAIN)
    source = Source(str(root), classes=TWO, category_map={"Box": "ignore", "Sky": "drop"})
    prepared = source.prepare(Split.TRAIN)
    seen = set()
    for i in range(3):
        old, new = plain.mask(i), prepared.mask(i)
        assert (new[old == 2] == IGNORE_INDEX).all()
        # Where a dropped object lay, what is under it shows.
        assert (new[old == 1] == 1).all()
        assert (new[old == 0] == 0).all()
        seen |= set(np.unique(new).tolist())
    assert seen == {0, 1, IGNORE_INDEX}


def test_missing_parts(make_coco: Callable[..., Path], tmp_path: Path) -> None:
    root = make_coco({"train": 2})
    with pytest.raises(DataError, match=r"no test part; set data\.test="):
        Source(str(root), test=None).json_path(Split.TEST)
    with pytest.raises(DataError, match="is not a folder"):
        Source(str(tmp_path / "nowhere")).index(Split.TRAIN)
    with pytest.raises(DataError, match=r"val\.json"):
        Source(str(root)).index(Split.VAL)
    (root / "empty.json").write_text(json.dumps({"images": [], "categories": [], "annotations": []}), encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.json"):
        _ = Source(str(root), train="empty.json").table


def test_a_folder_may_be_called_by_a_number(make_coco: Callable[..., Path], monkeypatch: Any) -> None:
    root = make_coco({"train": 2}, name="2024")
    monkeypatch.chdir(root.parent)
    # What data.root=2024 gives: a number.
    assert len(Source(2024).index(Split.TRAIN)) == 2  # type: ignore[arg-type]


def test_cache_lies_where_it_is_told(make_coco: Callable[..., Path], tmp_path: Path) -> None:
    Source(str(make_coco({"train": 2})), cache_dir=str(tmp_path / "there")).prepare(Split.TRAIN)
    assert any((tmp_path / "there").rglob("*.npy"))
