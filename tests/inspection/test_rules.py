"""Each rule finds the fault that is planted for it, and nothing in clean data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trashseg.inspection.album import Album
from trashseg.inspection.limits import Limits
from trashseg.inspection.objects import gather_objects
from trashseg.inspection.rules import RULES, Finding, find_problems
from trashseg.types import ConfigError

from .small import Object, rectangle

# On a photograph of 128 x 128 a length of 1 is one of 4 at 512 x 512.
FAULTS: dict[str, list[Object]] = {
    "overlap": [rectangle(20, 20, 80, 80, 1), rectangle(30, 30, 60, 60, 2)],
    "twice": [rectangle(20, 20, 80, 80, 1), rectangle(21, 20, 81, 80, 1)],
    "box": [rectangle(20, 20, 80, 80, bbox=[20, 20, 60, 62])],
    "area": [rectangle(20, 20, 80, 80, area=4300)],
    "outside": [rectangle(20, 20, 80, 129, bbox=[20, 20, 60, 108], area=60 * 108)],
    "sliver": [
        rectangle(20, 20, 80, 80, segmentation=[[20, 20, 80, 20, 80, 80, 20, 80], [90, 90, 120, 90, 120, 90.3]])
    ],
    "tiny": [rectangle(20, 20, 21, 21)],
    "empty": [],
}
FAULTS["sliver"][0]["bbox"] = [20, 20, 100, 70.3]
CLEAN = [rectangle(20, 20, 80, 80, 1), rectangle(76, 30, 120, 90, 2), rectangle(5, 100, 15, 110, 1)]


def problems(album: Album, limits: Limits | None = None) -> dict[str, list[Finding]]:
    return find_problems(album, gather_objects(album), limits or Limits())


def test_each_fault_is_found_by_its_rule_alone(open_set: Callable[..., Album]) -> None:
    assert list(FAULTS) == list(RULES)
    found = problems(open_set(train=[CLEAN, *FAULTS.values()], val=[CLEAN]))
    assert {rule: [finding.photo for finding in findings] for rule, findings in found.items()} == {
        rule: [place] for place, rule in enumerate(FAULTS, start=1)
    }


@pytest.mark.parametrize(
    ("limits", "rule"),
    [({"overlap": 1.0}, "overlap"), ({"twice": 1.0}, "twice"), ({"box": 10.0}, "box"), ({"area": 0.5}, "area"),
     ({"outside": 5.0}, "outside"), ({"sliver": 0.0}, "sliver"), ({"tiny": 1.0}, "tiny")],
)  # fmt: skip
def test_a_wider_limit_finds_nothing(open_set: Callable[..., Album], limits: dict[str, float], rule: str) -> None:
    assert problems(open_set(train=[FAULTS[rule], CLEAN], val=[CLEAN]), Limits(**limits))[rule] == []


def test_limits_go_with_the_size_of_the_photograph(open_set: Callable[..., Album]) -> None:
    side = 6
    objects = [[rectangle(20, 20, 20 + side, 20 + side)]]
    assert not problems(open_set(size=(256, 256), train=objects, val=objects))["tiny"]
    assert len(problems(open_set(size=(1024, 1024), train=objects, val=objects))["tiny"]) == 2


def test_the_worst_comes_first_with_its_numbers(open_set: Callable[..., Album]) -> None:
    off = [[rectangle(20, 20, 80, 80, bbox=[20, 20, 60 + far, 60])] for far in (3, 30, 9)]
    found = problems(open_set(train=off, val=[CLEAN]))["box"]
    assert [finding.photo for finding in found] == [1, 2, 0]
    assert [finding.values["distance"] for finding in found] == [120, 36, 12], "as at 512 x 512"
    assert found[0].box is not None
    assert found[0].box.tolist() == [20, 20, 110, 80], "where the listed box is"


def test_without_listed_boxes_there_is_nothing_to_compare(open_set: Callable[..., Album]) -> None:
    objects = [[rectangle(20, 20, 80, 80, bbox=None)]]
    assert problems(open_set(train=objects, val=objects))["box"] == []


@pytest.mark.parametrize("changes", [{"tiny": -1}, {"overlap": 1.5}, {"box": "wide"}, {"twice": float("nan")}])
def test_limits_outside_their_range(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"limits.{next(iter(changes))}="):
        Limits(**changes)
