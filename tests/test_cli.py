"""The console command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from trashseg import __version__, cli


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["trashseg", *arguments])
    try:
        cli.main()
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_usage_names_every_verb(monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: tuple[str, ...]) -> None:
    assert call(monkeypatch, *arguments) == 0
    text = capsys.readouterr().out
    assert all(f"  {verb} " in text for verb in cli.VERBS)


def test_every_verb_is_a_module() -> None:
    folder = Path(cli.__file__).parent
    for verb in cli.VERBS:
        module = verb.replace("-", "_")
        assert (folder / f"{module}.py").is_file() or (folder / module / "__main__.py").is_file()
        if verb != "submission":  # plain commands on files, without a config
            assert (folder.parent / "conf" / f"{module}.yaml").is_file()


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert call(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"trashseg {__version__}\n"


def test_unknown_verb(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert call(monkeypatch, "evalute", "ckpt_path=x") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: there is no verb 'evalute'. Did you mean evaluate?\n"


def test_check_of_good_and_bad_data(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, make_coco: Any, tmp_path: Path
) -> None:
    root = make_coco({"train": 4, "val": 2, "test": 1})
    monkeypatch.chdir(tmp_path)
    run_dir = f"hydra.run.dir={tmp_path / 'run'}"
    assert call(monkeypatch, "check", f"data.root={root}", run_dir) == 0
    text = capsys.readouterr().out
    assert "val    val.json: no problems" in text
    assert "Battery" in text
    (root / "batch_01_vt/0001.jpg").unlink()
    (root / "batch_01_vt/0005.jpg").write_bytes(b"")
    assert call(monkeypatch, "check", f"data.root={root}", run_dir) == 2
    captured = capsys.readouterr()
    assert "0001.jpg does not exist" in captured.err
    assert "0005.jpg is empty" in captured.err
    assert captured.err.splitlines()[-1].startswith("error: 2 problems, listed above")


def test_check_of_generated_data(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["data.num_train=2", "data.num_val=1", "data.num_test=1", "data.scene_size=64"]
    assert call(monkeypatch, "check", "data=synthetic", f"data.root={tmp_path / 'scenes'}", *small) == 0
    assert "train  train.json: no problems" in capsys.readouterr().out
    assert (tmp_path / "scenes/train.json").is_file()
    # Where no root is given, the scenes lie in the cache.
    assert call(monkeypatch, "check", "data=synthetic", *small) == 0
