"""Ways to fold: whole groups, every photograph once, as even as counts allow."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.config import instantiate
from trashseg.data.folds.balance import balance
from trashseg.data.folds.grouping import Grouping
from trashseg.data.folds.labels import Balance, Columns, Labels
from trashseg.data.folds.methods import Holdout, KFold, LeaveBatchOut, Method
from trashseg.data.folds.pool import read_pool
from trashseg.data.groups import Groups
from trashseg.data.oversampling import Counts
from trashseg.data.source import Source
from trashseg.types import ConfigError, DataError

LABELS = Balance(presence=4, objects=1, pixels=1, photographs=4)


def random_counts(seed: int, num: int) -> Counts:
    """Classes in 60 % to 2 % of the photographs."""
    rng = np.random.default_rng(seed)
    held = rng.random((num, 6)) < np.array([0, 0.6, 0.4, 0.2, 0.1, 0.02])
    objects = held * rng.integers(1, 6, (num, 6))
    return Counts(("Background", "a", "b", "c", "d", "e"), objects * rng.integers(50, 5000, (num, 6)), objects)


def in_runs(seed: int, num: int) -> Groups:
    """Groups of one to five neighbours."""
    sizes = np.random.default_rng(seed).integers(1, 6, num)
    return Groups.from_labels(np.repeat(np.arange(num), sizes)[:num])


def assert_uncut(groups: Groups, folds: np.ndarray) -> None:
    for group in range(len(groups)):
        assert len(set(folds[groups.members(group)].tolist())) == 1


@pytest.mark.parametrize("k", [2, 5])
def test_k_folds_are_even_and_cut_no_group(k: int) -> None:
    counts, groups = random_counts(k, 400), in_runs(k, 400)
    folds = KFold(k, seed=3).folds(LABELS.columns(counts), groups, [""] * 400)
    assert_uncut(groups, folds)
    assert sorted(set(folds.tolist())) == list(range(k))
    spread = balance(counts, folds, groups)
    assert np.ptp(spread.sizes) <= 2
    assert (np.ptp(spread.photographs, axis=0) <= 2).all()
    rng = np.random.default_rng(0)
    chance = [np.ptp(balance(counts, rng.integers(0, k, len(groups))[groups.labels], groups).photographs, axis=0).sum()
              for _ in range(20)]  # fmt: skip
    assert np.ptp(spread.photographs, axis=0).sum() < 0.2 * min(chance)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_holdout_takes_its_share_of_every_class(share: float) -> None:
    counts, groups = random_counts(1, 300), in_runs(1, 300)
    folds = Holdout(share, seed=3).folds(LABELS.columns(counts), groups, [""] * 300)
    assert_uncut(groups, folds)
    assert set(folds.tolist()) == {0, -1}
    held = counts.objects[:, 1:] > 0
    assert (np.abs(held[folds == 0].sum(0) - share * held.sum(0)) <= 1.5).all()


def test_folders_validate_in_turn_and_a_group_follows_its_majority() -> None:
    names = ["b/0.jpg", "b/1.jpg", "a/0.jpg", "a/1.jpg", "a/2.jpg", "c/0.jpg"]
    groups = Groups.from_labels([0, 1, 1, 1, 2, 3])
    folds = LeaveBatchOut().folds(Columns(np.ones((6, 1)), np.ones(1)), groups, names)
    assert folds.tolist() == [1, 0, 0, 0, 0, 2]
    with pytest.raises(ConfigError, match="leave_batch_out"):
        LeaveBatchOut().folds(Columns(np.ones((2, 1)), np.ones(1)), Groups.from_labels([0, 1]), ["a/0", "a/1"])
    with pytest.raises(ConfigError, match="1 of 2 folders"):
        LeaveBatchOut().folds(
            Columns(np.ones((3, 1)), np.ones(1)), Groups.from_labels([0, 0, 0]), ["a/0", "a/1", "b/0"]
        )


@pytest.mark.parametrize(
    ("make", "word"),
    [(lambda: KFold(1), "k=1"), (lambda: KFold(2.5), r"k=2\.5"), (lambda: Holdout(0), "share"),
     (lambda: Holdout(1.0), "share"), (lambda: Holdout(7), "share")],
)  # fmt: skip
def test_a_wrong_number_is_named(make: Callable[[], Method], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        make()


def test_too_few_groups_are_told() -> None:
    columns = Columns(np.ones((4, 1)), np.ones(1))
    with pytest.raises(ConfigError, match="k=3: there are only 2 groups"):
        KFold(3).folds(columns, Groups.from_labels([0, 0, 1, 1]), [""] * 4)
    with pytest.raises(DataError, match="the largest of 4"):
        Holdout(0.5).folds(columns, Groups.from_labels([0, 0, 0, 0]), [""] * 4)


def test_real_photographs_are_spread_as_evenly_as_their_counts_allow(
    real_data: Callable[[str], Path], cache: Path, composed: Callable[..., Any]
) -> None:
    classes = composed("train", "data.root=x").data.classes
    pool = read_pool(Source(str(real_data("trash360")), classes=classes, cache_dir=str(cache)), ["train_all.json"])
    groups = Groups.from_labels(range(len(pool.names)))
    folds = KFold(5, seed=42).folds(LABELS.columns(pool.counts), groups, pool.names)
    spread = balance(pool.counts, folds, groups)
    assert np.ptp(spread.sizes) <= 1
    assert np.ptp(spread.photographs, axis=0).max() <= 1


OPTIONS = {"labels": Labels, "method": Method, "grouping": Grouping}
CONF = Path(__file__).parents[3] / "conf"
FILES = [(group, path.stem) for group in OPTIONS for path in sorted((CONF / group).iterdir())]
NEEDS = {"name": ["grouping.pattern='(a)'"], "given": ["grouping.path=a.csv"]}


@pytest.mark.parametrize(("group", "option"), FILES, ids=["=".join(pair) for pair in FILES])
def test_every_option_builds_with_exactly_its_keys(composed: Callable[..., Any], group: str, option: str) -> None:
    cfg = composed("split", f"{group}={option}", *NEEDS.get(option, []))
    built = instantiate(cfg[group], group)
    assert isinstance(built, OPTIONS[group])
    parameters = inspect.signature(type(built)).parameters
    assert set(cfg[group]) - {"_target_"} == set(parameters)
