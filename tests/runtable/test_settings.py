"""Settings as they were saved, against OmegaConf's own reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omegaconf import OmegaConf

from trashseg.runtable.settings import Settings, read_settings


def test_values_are_those_that_omegaconf_reads(make_run: Callable[..., Path]) -> None:
    config = {
        "optim": {"lr": 1e-5, "betas": [0.9, 0.999], "schedule": {"power": 0.9}},
        "data": {"name": "페트병 <b>", "version": "1e-4", "classes": {}, "root": "${oc.env:NOWHERE}", "on": True},
        "seed": 42,
        "ckpt_path": None,
    }
    folder = make_run("one", config, {"model": "fpn", "debug": None}, ["+optim.lr=1e-5", "data/classes=x"], verb="cv")
    settings = read_settings(folder)
    assert settings.verb == "cv"
    assert settings.options == {"model": "fpn"}
    assert settings.typed == {"optim.lr", "data.classes"}
    saved = OmegaConf.load(folder / ".hydra" / "config.yaml")
    for key, text in settings.values.items():
        parent, _, name = key.rpartition(".")
        node = OmegaConf.select(saved, parent) if parent else saved
        raw = OmegaConf.to_container(node, resolve=False)[name]
        # What the command line would make of the text is the value.
        read = raw if isinstance(raw, str) else OmegaConf.create(f"x: {text}").x
        assert read == raw
        assert not isinstance(raw, str) or text == raw
    assert set(settings.values) == {
        "optim.lr", "optim.betas", "optim.schedule.power", "data.name", "data.version", "data.classes", "data.root",
        "data.on", "seed",
    }  # fmt: skip


def test_paths_into_the_run_itself_say_nothing(make_run: Callable[..., Path]) -> None:
    outer = make_run("cv", {}, {})
    config = {"data": {"folds": str(outer / "split"), "root": "/photographs"}, "save": str(outer / "fold_0" / "x")}
    inner = make_run("cv/fold_0", config, {})
    assert read_settings(inner).values == {"data.root": "/photographs"}


def test_a_folder_that_says_nothing(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == Settings()
