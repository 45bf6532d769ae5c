"""Command lines of the verbs that a cross-validation starts."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from trashseg.crossval.children import only, run_child, top_key, without
from trashseg.crossval.folds import own_keys
from trashseg.sweep.process import run_process
from trashseg.types import TrashsegError


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("data.root=/x=y.z/a", "data"),
        ("+data.category_map.Can=Metal", "data"),
        ("data/sampler=rare_classes", "data"),
        ("~callbacks.pictures", "callbacks"),
        ("++trainer.x=1", "trainer"),
        ("optim/schedule@optim.schedule=poly", "optim"),
        ("k=5", "k"),
    ],
)
def test_the_key_of_an_override(override: str, key: str) -> None:
    assert top_key(override) == key


def test_a_command_line_is_shared_out() -> None:
    line = [
        "model=kiosk",
        "k=3",
        "grouping=none",
        "grouping.x=1",
        "data.root=k=3",
        "save=null",
        "labels=rarest",
        "seed=3",
    ]
    assert without(line, own_keys()) == ["model=kiosk", "data.root=k=3", "seed=3"]
    kept = only(line, ("k", "grouping", "labels", "data"))
    assert kept == ["k=3", "grouping=none", "grouping.x=1", "data.root=k=3", "labels=rarest"]


@pytest.mark.parametrize(("code", "words"), [("exit(3)", "failed with status 3"), ("kill", "ended by signal 9")])
def test_a_failing_child_says_what_and_what_next(code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; os.kill(os.getpid(), 9)" if code == "kill" else code
    real = sys.executable

    def run(command: list[str], *where: Any) -> int:
        assert command[1:] == ["-m", "trashseg.train", "a=1"]
        return run_process([real, "-c", program], *where)

    monkeypatch.setattr("trashseg.crossval.children.run_process", run)
    with pytest.raises(TrashsegError, match=words) as caught:
        run_child("train", ["a=1"], what="the training of fold 0", remedy="Do this.")
    assert str(caught.value).startswith("the training of fold 0 ")
    assert str(caught.value).endswith("Do this.")
