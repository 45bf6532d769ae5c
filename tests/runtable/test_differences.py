"""What sets runs apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trashseg.runtable.differences import columns, differing, value_of, words
from trashseg.runtable.find import Run
from trashseg.runtable.settings import Settings


def run(model: str, typed: tuple[str, ...] = (), verb: str = "train", **values: Any) -> Run:
    texts = {key.replace("__", "."): str(value) for key, value in values.items()}
    settings = Settings(verb, {"model": model, "optim/schedule": "poly"}, texts, frozenset(typed))
    return Run(Path(model), "done", settings=settings)


def test_only_what_differs_and_says_something_of_its_own() -> None:
    runs = [
        run("unet", model__arch="Unet", model__drop=0, seed=1, data__root="a"),
        run("unet", model__arch="Unet", model__drop=1, seed=1, data__root="a"),
        run("fpn", model__arch="FPN", model__drop=0, seed=1, data__root="a", extra=1),
    ]
    # model.arch follows from model; model.drop does not; extra stands in one config only.
    assert differing(runs) == {"train": ["model", "model.drop", "extra"]}
    assert words(runs[2], ["model", "extra"]) == ["model=fpn", "extra=1"]
    assert words(runs[0], ["model", "extra"]) == ["model=unet"]
    assert value_of(runs[0], "extra") == ""


def test_what_the_command_line_gave_is_shown() -> None:
    runs = [run("unet", model__drop=0), run("fpn", ("model.drop",), model__drop=1)]
    assert differing(runs) == {"train": ["model.drop", "model"]}
    assert differing([run("unet", model__drop=0), run("fpn", model__drop=1)]) == {"train": ["model"]}


def test_runs_of_other_verbs_are_no_difference() -> None:
    runs = [run("unet", seed=1), run("unet", verb="cv", seed=2, k=5), run("unet", verb="cv", seed=2, k=3)]
    assert differing(runs) == {"train": [], "cv": ["k"]}
    assert columns({"train": ["seed", "k"], "cv": ["k"]}) == ["seed", "k"]
    assert differing([]) == {}
