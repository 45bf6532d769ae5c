"""GPUs are handed out so that no job waits beside a free one and none is overfull."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from trashseg.sweep import cards
from trashseg.sweep.cards import VISIBLE, cards_of_job, num_cards, taken, visible_cards


def test_free_cards_come_first(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        given = [stack.enter_context(taken(["0", "1", "2"], 1, 2, tmp_path)) for _ in range(6)]
    assert given == [["0"], ["1"], ["2"], ["0"], ["1"], ["2"]]


def test_a_card_that_is_given_back_is_next(tmp_path: Path) -> None:
    with taken(["0", "1"], 1, 1, tmp_path) as first:
        with taken(["0", "1"], 1, 1, tmp_path) as second:
            assert (first, second) == (["0"], ["1"])
        with taken(["0", "1"], 1, 1, tmp_path) as third:
            assert third == ["1"]


def test_a_job_of_several_cards_gets_different_ones(tmp_path: Path) -> None:
    pool = ["0", "1", "2", "3"]
    with taken(pool, 2, 1, tmp_path) as first, taken(pool, 2, 1, tmp_path) as second:
        assert sorted(first + second) == pool
    with taken(pool, 4, 1, tmp_path) as every:
        assert every == pool


def test_jobs_wait_for_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "POLL_SECONDS", 0.01)
    busy: list[str] = []
    most: dict[str, int] = {}

    def job(num: int) -> None:
        with taken(["0", "1", "2"], num, 1, tmp_path) as own:
            assert len(set(own)) == num
            busy.extend(own)
            for card in own:
                most[card] = max(most.get(card, 0), busy.count(card))
            time.sleep(0.02)
            for card in own:
                busy.remove(card)

    threads = [threading.Thread(target=job, args=(1 + k % 3,)) for k in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not busy
    assert most == {"0": 1, "1": 1, "2": 1}


def hold(folder: Path, ready: multiprocessing.synchronize.Event) -> None:
    with taken(["0"], 1, 1, folder):
        ready.set()
        time.sleep(60)


def test_a_killed_job_gives_its_card_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "POLL_SECONDS", 0.01)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    threading.Timer(0.1, process.kill).start()
    begin = time.monotonic()
    with taken(["0"], 1, 1, tmp_path) as own:
        assert own == ["0"]
    assert time.monotonic() - begin > 0.05
    process.join()


@pytest.mark.parametrize(
    ("trainer", "num"),
    [
        ({"accelerator": "gpu", "devices": 1}, 1),
        ({"accelerator": "gpu", "devices": "2"}, 2),
        ({"accelerator": "auto", "devices": "auto"}, 4),
        ({"accelerator": "auto", "devices": -1}, 4),
        ({"accelerator": "auto", "devices": 9}, 4),
        ({"accelerator": "auto", "devices": [2, 3]}, 0),
        ({"accelerator": "cpu", "devices": 2}, 0),
        ({}, 1),
    ],
)
def test_how_many_cards_a_job_takes(trainer: dict[str, object], num: int) -> None:
    assert num_cards(trainer, 4) == num


@pytest.mark.parametrize(
    ("launcher", "devices", "given"),
    [
        ({}, 1, [None] * 2),
        ({"n_jobs": 1}, 1, [None] * 2),
        ({"n_jobs": 2}, 1, ["5", "7"]),
        ({"n_jobs": -1}, 1, ["5", "7"]),
        ({"n_jobs": 4}, 1, ["5", "7", "5", "7"]),
        ({"n_jobs": 2}, 2, ["5,7", "5,7"]),
    ],
)
def test_the_environment_of_a_job(
    launcher: dict[str, int], devices: int, given: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv(VISIBLE, "5,7")
    trainer = {"accelerator": "gpu", "devices": devices}
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(cards_of_job(launcher, trainer)).get(VISIBLE) for _ in given]
    assert found == given


def test_a_machine_without_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "")
    assert visible_cards() == []
    monkeypatch.delenv(VISIBLE)
    monkeypatch.setattr(cards, "ASK", ("no-such-program-of-a-driver",))
    assert visible_cards() == []
    with cards_of_job({"n_jobs": 2}, {"accelerator": "auto", "devices": 1}) as environment:
        assert environment == {}


def test_the_driver_lists_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setattr(cards, "ASK", ("printf", "0\n1\n2\n"))
    assert visible_cards() == ["0", "1", "2"]
