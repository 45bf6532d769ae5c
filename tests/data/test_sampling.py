"""Which photographs an epoch visits."""

from __future__ import annotations

import pytest

from trashseg.data.sampling import EpochSampler


def keys(num: int, epoch: int = 0, **options: object) -> list[tuple[int, int, bool]]:
    sampler = EpochSampler(num, **options)  # type: ignore[arg-type]
    sampler.set_epoch(epoch)
    found = [tuple(key) for key in sampler]
    assert len(found) == len(sampler)
    return found  # type: ignore[return-value]


def test_training_order_is_decided_by_seed_and_epoch() -> None:
    first = keys(50, 3, shuffle=True, seed=7)
    assert first == keys(50, 3, shuffle=True, seed=7)
    assert sorted(position for position, _, _ in first) == list(range(50))
    assert {epoch for _, epoch, _ in first} == {3}
    orders = [tuple(p for p, _, _ in keys(50, e, shuffle=True, seed=s)) for e in (0, 1) for s in (7, 8)]
    assert len({*orders, tuple(range(50))}) == 5


@pytest.mark.parametrize("num", [7, 8, 23])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_training_ranks_are_disjoint_and_equally_long(num: int, world_size: int) -> None:
    parts = [keys(num, 2, shuffle=True, seed=1, rank=r, world_size=world_size) for r in range(world_size)]
    assert {len(part) for part in parts} == {num // world_size}
    seen = [position for part in parts for position, _, counts in part if counts]
    assert len(set(seen)) == len(seen) == num // world_size * world_size


@pytest.mark.parametrize("num", [1, 2, 7, 8])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_validation_counts_each_photograph_once(num: int, world_size: int) -> None:
    parts = [keys(num, shuffle=False, rank=r, world_size=world_size) for r in range(world_size)]
    assert len({len(part) for part in parts}) == 1
    counted = [position for part in parts for position, _, counts in part if counts]
    assert sorted(counted) == list(range(num))
    assert all(0 <= position < num for part in parts for position, _, _ in part)


def test_left_out_photographs_change_with_the_epoch() -> None:
    def left_out(epoch: int) -> set[int]:
        return set(range(9)) - {p for r in (0, 1) for p, _, _ in keys(9, epoch, shuffle=True, rank=r, world_size=2)}

    found = [left_out(epoch) for epoch in range(20)]
    assert all(len(positions) == 1 for positions in found)
    assert len(set.union(*found)) > 3
