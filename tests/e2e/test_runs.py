"""``trashseg runs`` on the folders of runs, and its page in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

SCORES = {("fpn", 1e-4): 0.30, ("fpn", 1e-2): 0.10, ("unet", 1e-4): 0.40, ("unet", 1e-2): 0.20}
HOSTILE = "<img src=x onerror=alert(1)>"


def write_run(folder: Path, model: str, lr: float, outcome: dict[str, Any]) -> None:
    (folder / ".hydra").mkdir(parents=True)
    hydra = {"hydra": {"job": {"name": "train"}, "runtime": {"choices": {"model": model}}}}
    OmegaConf.save(OmegaConf.create(hydra), folder / ".hydra" / "hydra.yaml")
    config = {"optim": {"lr": lr}, "data": {"root": "photographs"}, "run_dir": None}
    OmegaConf.save(OmegaConf.create(config), folder / ".hydra" / "config.yaml")
    (folder / "outcome.json").write_text(json.dumps({"overrides": [], **outcome}))


@pytest.fixture(scope="module")
def listed(verb: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The list of a sweep of four runs and one that failed."""
    folder = tmp_path_factory.mktemp("runs")
    for job, ((model, lr), score) in enumerate(SCORES.items()):
        write_run(folder / "sweep" / str(job), model, lr, {"state": "done", "score": score, "seconds": 60 - job})
    write_run(folder / "sweep" / "4", HOSTILE, 1.0, {"state": "failed", "reason": HOSTILE})
    verb("runs", f"root={folder / 'sweep'}", f"hydra.run.dir={folder / 'list'}")
    return folder / "list"


def test_what_is_printed(
    verb: Callable[..., None], listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roots = f"root=[{listed.parent / 'sweep'},{listed.parent}]"
    verb("runs", roots, "limit=2", "verb=[train,cv]", f"hydra.run.dir={tmp_path}")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1:4] for line in lines[1:3]] == [["train", "done", "0.4000"], ["train", "done", "0.3000"]]
    assert lines[1].endswith("model=unet")
    assert str(tmp_path / "runs.html") in lines[-1]
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 3


def test_mistakes(refused: Callable[..., str], listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = f"hydra.run.dir={tmp_path / 'own'}"
    assert "nowhere is no folder; give root=" in refused("runs", "root=nowhere", own)
    assert "Did you mean score" in refused("runs", f"root={listed.parent}", "sort=scor", own)
    monkeypatch.chdir(tmp_path)
    assert "there is no run" in refused("runs", own)


@pytest.fixture
def page(offline_page: Callable[..., Iterator[Any]], listed: Path) -> Iterator[Any]:
    yield from offline_page(listed / "runs.html", viewport={"width": 1200, "height": 900})


def column(page: Any, number: int) -> list[str]:
    texts: list[str] = page.locator(f"#table tbody td:nth-child({number})").all_inner_texts()
    return texts


def test_sorting(page: Any) -> None:
    assert column(page, 4) == ["0.4000", "0.3000", "0.2000", "0.1000", "–"]
    page.click("th button:text-is('score')")
    page.click("th button:text-is('score')")
    assert column(page, 4) == ["0.1000", "0.2000", "0.3000", "0.4000", "–"], "what has no score stays last"
    page.click("th button:text-is('seconds')")
    assert column(page, 5) == ["0", "57", "58", "59", "60"]
    assert HOSTILE in column(page, 6), "the model"
    assert HOSTILE in column(page, 8), "the reason"


def test_lines_and_what_is_kept(page: Any) -> None:
    # Runs without a score have no line; the values of the others are words for model, numbers for lr.
    assert page.locator("#plot polyline").count() == 4
    names = page.locator("#plot g").evaluate_all("all => all.map(one => one.dataset.axis)")
    assert names == ["model", "optim.lr", "seconds", "score"]
    box = page.locator("[data-axis=score] .handle").bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert column(page, 4) == ["0.4000", "0.3000"], "the upper half"
    assert page.locator("#plot polyline.out").count() == 2
    assert page.inner_text("#shown") == "2 of 5 runs"
    page.click("#clear")
    assert len(column(page, 4)) == 5
