"""Which options are taken: by times and losses that are known beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from trashseg.tuning.choosing import Found, Row, loss_difference, tune
from trashseg.tuning.options import Option
from trashseg.tuning.timing import Timing


def timing(step_ms: float, *losses: float, first_s: float = 0.1) -> Timing:
    return Timing(step_ms, 1000 * 8 / step_ms, None, first_s, losses or (2.0, 1.5))


class Machine:
    """A step of 100 ms, times the factors of the options that are on; the base drifts by what is given."""

    def __init__(self, factors: Mapping[str, float], drift: tuple[float, ...] = (1.0,)) -> None:
        self.factors, self.drift, self.asked, self.num_bases = factors, drift, [], 0
        self.broken: dict[str, Timing | Exception] = {}

    def run(self, changes: Mapping[str, Any]) -> Timing:
        self.asked.append(dict(changes))
        for name in changes:
            if isinstance(self.broken.get(name), Exception):
                raise self.broken[name]
            if name in self.broken:
                return self.broken[name]
        if not changes:
            self.num_bases += 1
            return timing(100 * self.drift[(self.num_bases - 1) % len(self.drift)])
        return timing(100 * math.prod(self.factors[name] for name in changes))

    def tune(self, *names: str, **more: Option) -> tuple[Found, list[Row]]:
        rows: list[Row] = []
        options = [more.get(name) or Option({name: True}) for name in names]
        return tune(self.run, options, "32-true", rows.append), rows


def test_helpful_options_are_added_in_the_order_of_their_gain() -> None:
    machine = Machine({"a": 0.9, "b": 0.5, "c": 1.2}, drift=(1.0, 1.02))
    found, rows = machine.tune("a", "b", "c")
    assert found.chosen == {"b": True, "a": True}
    assert found.noise == pytest.approx(0.02 / 1.01)
    assert found.speed == pytest.approx(101 / 45)
    assert len(found.bases) == 6
    assert [row.name for row in rows] == ["base", "a=true", "b=true", "c=true", "b=true", "b=true a=true"]
    assert [row.note for row in rows[-2:]] == ["kept", "kept"]
    # Each alone, with the base before and after it; then those that help, together.
    both = [{"b": True}, {"b": True, "a": True}]
    assert machine.asked[1::2] == [{"a": True}, {"b": True}, {"c": True}, *both]
    assert machine.asked[::2] == [{}] * 6
    assert [row.speed for row in found.rows] == pytest.approx([101 / 90, 101 / 50, 101 / 120])


def test_gains_inside_the_noise_are_not_taken() -> None:
    found, _ = Machine({"a": 0.9, "b": 0.7}, drift=(1.0, 1.15)).tune("a", "b")
    assert found.noise == pytest.approx(0.15, rel=0.1)
    assert found.chosen == {"b": True}
    found, _ = Machine({"a": 0.95}, drift=(1.0, 1.3)).tune("a")
    assert found.chosen == {}
    assert found.speed == 1
    assert found.together == []


def test_what_does_not_help_beside_others_is_left_out() -> None:
    machine = Machine({"a": 0.5, "b": 0.6})
    real = machine.run
    machine.run = lambda changes: timing(49) if len(changes) == 2 else real(changes)  # type: ignore[method-assign]
    machine.drift = (1.0, 1.05)
    found, rows = machine.tune("b", "a")
    assert found.chosen == {"a": True}
    assert rows[-1].note == "within the noise: not kept"


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (RuntimeError("no working\ncompiler"), "failed: RuntimeError: no working compiler"),
        (timing(10, 2.0, 1.6), "not taken: the loss differs by 6.7 %"),
        (timing(10, math.nan, 1.5), "not taken: the loss differs by inf %"),
    ],
)
def test_what_fails_or_learns_otherwise_costs_its_row_alone(broken: Timing | Exception, words: str) -> None:
    machine = Machine({"a": 0.8})
    machine.broken["bad"] = broken
    found, _ = machine.tune("bad", "a")
    assert found.chosen == {"a": True}
    assert found.rows[0].note == words


def test_reservations() -> None:
    machine = Machine({"a": 0.8, "slow": 0.5})
    more = {"skipped": Option({"skipped": True}, "no card"), "slow": Option({"slow": True}, None, "other statistics")}
    found, _ = machine.tune("skipped", "slow", "a", **more)
    assert {"skipped": True} not in machine.asked
    assert [row.note for row in found.rows] == ["no card", "not taken: other statistics", ""]
    assert found.rows[0].timing is None
    assert found.rows[1].speed == pytest.approx(2)
    assert found.chosen == {"a": True}


def test_the_base_must_run() -> None:
    def fail(_: Mapping[str, Any]) -> Timing:
        raise MemoryError

    with pytest.raises(MemoryError):
        tune(fail, [Option({"a": True})], "32-true", print)


def test_slow_beginnings_are_mentioned() -> None:
    machine = Machine({})
    machine.broken["compiled"] = timing(50, first_s=42.0)
    found, _ = machine.tune("compiled")
    assert found.rows[0].note == "the first step took 42 s"
    assert found.together[0].note == "the first step took 42 s; kept"
    machine.broken["compiled"] = timing(50, first_s=0.9)
    assert machine.tune("compiled")[0].rows[0].note == ""


def test_mixed_precision_is_given_more_room() -> None:
    machine = Machine({})
    machine.broken["a"] = timing(10, 2.02, 1.5)
    options = [Option({"a": True})]
    assert tune(machine.run, options, "32-true", lambda _: None).chosen == {}
    assert tune(machine.run, options, "bf16-mixed", lambda _: None).chosen == {"a": True}


def test_losses_are_compared_relative_to_the_base() -> None:
    assert loss_difference(timing(1, 2.2, 1.5), timing(1)) == pytest.approx(0.1)
    assert loss_difference(timing(1, 2.0, 1.2), timing(1)) == pytest.approx(0.2)
    assert loss_difference(timing(1, 2.0, math.inf), timing(1)) == math.inf
