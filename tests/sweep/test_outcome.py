"""A run's folder says how it ended."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from typing import NoReturn

import pytest

from trashseg.sweep.outcome import RANKS, Outcome, Pruned, is_first_process, one_line, read_outcome, recorded
from trashseg.types import ConfigError


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RANKS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("value", "state", "score"),
    [(0.25, "done", 0.25), (math.nan, "done", None), (None, "done", None), (Pruned(0.5), "pruned", 0.5)],
)
def test_a_run_that_ends(value: float | None, state: str, score: float | None, tmp_path: Path) -> None:
    assert recorded(lambda: value, tmp_path, ["seed=1"], 3) is value
    found = read_outcome(tmp_path)
    assert found is not None
    assert (found.state, found.score, found.overrides, found.job) == (state, score, ["seed=1"], 3)
    assert found.finished


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ConfigError("seed=x is\nno number."), "failed", "seed=x is no number."),
        (RuntimeError("out of memory"), "failed", "RuntimeError: out of memory"),
        (KeyboardInterrupt(), "stopped", None),
        (SystemExit(1), "stopped", None),
    ],
)
def test_a_run_that_does_not(error: BaseException, state: str, reason: str | None, tmp_path: Path) -> None:
    def body() -> NoReturn:
        raise error

    with pytest.raises(type(error)):
        recorded(body, tmp_path, [], None)
    found = read_outcome(tmp_path)
    assert found is not None
    assert (found.state, found.reason, found.job) == (state, reason, None)
    assert not found.finished


@pytest.mark.parametrize("error", [ConfigError("the cause"), KeyboardInterrupt("the cause")])
def test_a_full_disk_does_not_hide_the_cause(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    def body() -> NoReturn:
        raise error

    monkeypatch.setattr("trashseg.sweep.outcome.write_json", full)
    with pytest.raises(type(error), match="the cause"):
        recorded(body, tmp_path, [], None)
    with pytest.raises(OSError, match="No space left"):  # a run that ended well must be able to say so
        recorded(lambda: 0.5, tmp_path, [], None)


def test_the_first_process_to_fail_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def first() -> NoReturn:
        # Meanwhile the second process fails, which breaks this one's connection.
        with monkeypatch.context() as patch:
            patch.setenv("LOCAL_RANK", "1")
            with pytest.raises(ValueError, match="the cause"):
                recorded(second, tmp_path, [], None)
        raise RuntimeError("connection closed by peer")

    def second() -> NoReturn:
        raise ValueError("the cause")

    with pytest.raises(RuntimeError):
        recorded(first, tmp_path, [], None)
    found = read_outcome(tmp_path)
    assert found is not None
    assert found.reason == "ValueError: the cause"


def test_other_processes_leave_the_score_to_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Outcome("done", [], score=0.5).write(tmp_path)
    monkeypatch.setenv("RANK", "2")
    recorded(lambda: 0.1, tmp_path, [], None)
    found = read_outcome(tmp_path)
    assert found is not None
    assert found.score == 0.5


def test_an_earlier_outcome_is_forgotten(tmp_path: Path) -> None:
    Outcome("done", [], score=0.5).write(tmp_path)

    def body() -> NoReturn:
        assert read_outcome(tmp_path) is None
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        recorded(body, tmp_path, [], None)
    found = read_outcome(tmp_path)
    assert found is not None
    assert found.state == "failed"


@pytest.mark.parametrize("name", RANKS)
def test_which_process_is_the_first(name: str) -> None:
    assert is_first_process({})
    assert is_first_process({name: "0"})
    assert not is_first_process({"LOCAL_RANK": "0", name: "3"})


def test_a_long_message_is_cut() -> None:
    line = one_line(ValueError("word " * 200))
    assert len(line) == 300
    assert line.startswith("ValueError: word word")
