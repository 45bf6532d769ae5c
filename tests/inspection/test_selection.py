"""Which photographs the page shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trashseg.data.groups import Groups, Pair
from trashseg.inspection.album import Album
from trashseg.inspection.rules import Finding
from trashseg.inspection.selection import choose_photographs, evenly, take_turns
from trashseg.inspection.twins import arrange

from .small import rectangle


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 64, 100])
def test_any_beginning_is_spread_evenly(count: int) -> None:
    order = evenly(list(range(count)))
    assert sorted(order) == list(range(count))
    for few in (4, 9, 30):
        places = np.sort(order[:few])
        if count > 2 * few:
            assert np.diff(places).max() <= 2.1 * count / few + 1


def test_queues_take_turns_and_skip_what_is_chosen() -> None:
    assert take_turns([[1, 2, 3], [1, 9, 8], []], 4) == {1, 9, 2, 8}
    assert take_turns([[1, 2], [2, 1]], 9) == {1, 2}
    assert take_turns([], 9) == set()


def test_every_rule_pair_and_class_gets_its_share(open_set: Callable[..., Album]) -> None:
    photographs = [[rectangle(5, 5, 9 + i, 20, 1)] for i in range(30)] + [[rectangle(5, 5, 9, 9, 2)]] + [[]] * 9
    album = open_set(train=photographs, val=[[]], test=[[]] * 3)
    problems = {"tiny": [Finding("tiny", 17, (0,), None, 1.0)], "empty": []}
    chosen = choose_photographs(album, problems, [Pair(20, 38, "scene", 50.0, "")], 9)
    assert len(chosen) == 9
    assert chosen == sorted(chosen)
    assert {17, 20, 38, 30} <= set(chosen), "of the rule, the pair and the rare class"
    assert any(not album.labelled[i] for i in chosen)
    assert choose_photographs(album, problems, [], 1000) == [*range(31), 40, 41, 42, 43]


def test_pairs_in_different_parts_come_first(open_set: Callable[..., Album]) -> None:
    album = open_set(train=[[]] * 3, val=[[]] * 2, test=[[]])
    pairs = [Pair(0, 1, "scene", 90.0, ""), Pair(1, 3, "scene", 20.0, ""), Pair(2, 5, "duplicate", 70.0, "")]
    twins = arrange(Groups.from_pairs(6, pairs), album)
    assert [(pair.first, pair.second) for pair in twins.pairs] == [(2, 5), (1, 3), (0, 1)]
    crossing = [{"parts": [0, 1], "pairs": 1}, {"parts": [0, 2], "pairs": 1}]
    assert twins.figures() == {"pairs": 3, "groups": 2, "largest": 3, "crossing": crossing}
    alone = arrange(Groups.from_pairs(6, []), album)
    assert alone.figures() == {"pairs": 0, "groups": 0, "largest": 1, "crossing": []}
