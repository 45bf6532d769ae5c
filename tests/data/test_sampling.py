"""Which photographs an epoch visits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.data.sampling import EpochSampler, SampleKey, Stream, draw_times, epoch_length, random_stream


def keys(num: int, epoch: int = 0, **options: Any) -> list[SampleKey]:
    sampler = EpochSampler(num, **options)
    sampler.set_epoch(epoch)
    found = list(sampler)
    assert len(found) == len(sampler)
    return found


def test_training_order_is_decided_by_seed_and_epoch() -> None:
    first = keys(50, 3, shuffle=True, seed=7)
    assert first == keys(50, 3, shuffle=True, seed=7)
    assert sorted(key.position for key in first) == list(range(50))
    assert {key.epoch for key in first} == {3}
    assert {key.repeat for key in first} == {0}
    orders = [tuple(key.position for key in keys(50, e, shuffle=True, seed=s)) for e in (0, 1) for s in (7, 8)]
    assert len({*orders, tuple(range(50))}) == 5


@pytest.mark.parametrize("num", [7, 8, 23])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_training_ranks_are_disjoint_and_equally_long(num: int, world_size: int) -> None:
    parts = [keys(num, 2, shuffle=True, seed=1, rank=r, world_size=world_size) for r in range(world_size)]
    assert {len(part) for part in parts} == {num // world_size}
    seen = [key.position for part in parts for key in part if key.counts]
    assert len(set(seen)) == len(seen) == num // world_size * world_size


@pytest.mark.parametrize("num", [1, 2, 7, 8])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_validation_counts_each_photograph_once(num: int, world_size: int) -> None:
    parts = [keys(num, shuffle=False, rank=r, world_size=world_size) for r in range(world_size)]
    assert len({len(part) for part in parts}) == 1
    counted = [key.position for part in parts for key in part if key.counts]
    assert sorted(counted) == list(range(num))
    assert all(0 <= key.position < num for part in parts for key in part)


@pytest.mark.parametrize("world_size", [1, 3])
@pytest.mark.parametrize("made", [0, 4, 5])
def test_what_was_made_of_an_epoch_is_left_out_of_it_alone(made: int, world_size: int) -> None:
    for rank in range(world_size):
        sampler = EpochSampler(17, shuffle=True, seed=3, rank=rank, world_size=world_size)
        whole = {}
        for epoch in (2, 3):
            sampler.set_epoch(epoch)
            whole[epoch] = list(sampler)
        sampler.set_epoch(2)
        sampler.skip(made)
        assert list(sampler) == whole[2][made:]
        assert len(sampler) == len(whole[2]), "the epoch is as long as before"
        sampler.set_epoch(3)
        assert list(sampler) == whole[3]


def test_left_out_photographs_change_with_the_epoch() -> None:
    def left_out(epoch: int) -> set[int]:
        return set(range(9)) - {
            key.position for r in (0, 1) for key in keys(9, epoch, shuffle=True, rank=r, world_size=2)
        }

    found = [left_out(epoch) for epoch in range(20)]
    assert all(len(positions) == 1 for positions in found)
    assert len(set.union(*found)) > 3


factor_lists = st.lists(st.floats(0, 6) | st.integers(0, 4).map(float), min_size=1, max_size=40).filter(
    lambda f: sum(f) >= 1
)


@settings(max_examples=150, deadline=None)
@given(factors=factor_lists, seed=st.integers(0, 2**32), epoch=st.integers(0, 50), world_size=st.integers(1, 3))
def test_repeats(factors: list[float], seed: int, epoch: int, world_size: int) -> None:
    """Every photograph comes as often as its factor, rounded down or up, each visit on one process only."""
    options: dict[str, Any] = {"shuffle": True, "factors": np.array(factors), "seed": seed, "world_size": world_size}
    parts = [keys(len(factors), epoch, rank=rank, **options) for rank in range(world_size)]
    assert len({len(part) for part in parts}) == 1
    visits = [(key.position, key.repeat) for part in parts for key in part]
    assert len(set(visits)) == len(visits)
    whole = keys(len(factors), epoch, **{**options, "world_size": 1})
    assert len(whole) == epoch_length(np.array(factors))
    assert len(whole) - len(visits) < world_size
    times = Counter(key.position for key in whole)
    for position, factor in enumerate(factors):
        assert np.floor(factor + 1e-8) <= times[position] <= np.ceil(factor - 1e-8)
    # The repeats of a photograph are numbered without gaps.
    assert {(p, r) for p, n in times.items() for r in range(n)} == {(key.position, key.repeat) for key in whole}
    assert abs(len(whole) - sum(factors)) < 1


def test_the_epochs_length_is_fixed_and_the_mean_is_the_factor() -> None:
    factors = np.array([1.0, 1.25, 2.5, 0.1, 0.0, 3.0, 0.15])
    times = np.array([draw_times(factors, np.random.default_rng(seed)) for seed in range(4000)])
    assert set(times.sum(1)) == {8} == {epoch_length(factors)}
    assert np.abs(times.mean(0) - factors).max() < 0.03
    assert set(times[:, 0]) == {1}
    assert set(times[:, 4]) == {0}


def test_a_sum_that_is_whole_but_for_rounding() -> None:
    factors = np.full(49, 1 / 49)
    assert factors.sum() != 1
    assert epoch_length(factors) == 1
    assert epoch_length(np.full(300, 0.1) * 10) == 300
    assert {int(draw_times(factors, np.random.default_rng(s)).sum()) for s in range(50)} == {1}


def test_every_visit_and_use_has_random_numbers_of_its_own() -> None:
    def first(seed: int = 0, position: int = 0, epoch: int = 0, repeat: int = 0, use: Stream = Stream.PASTE) -> float:
        return float(random_stream(seed, SampleKey(position, epoch, repeat=repeat), use).random())

    drawn = [first(), first(1), first(0, 1), first(0, 0, 1), first(0, 0, 0, 1), first(use=Stream.MIX)]
    assert len(set(drawn)) == 6
    assert first() == drawn[0]
