"""The page about a data set: what it counts, and a browser that clicks through it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

HOSTILE = "batch_01/<img src=x onerror=alert(1)>'\"&.png"


@pytest.fixture(scope="module")
def odd_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small data set with a tiny object, a wrong box, a hostile file name and a leak: training in validation."""
    folder = Path(shutil.copytree(root, tmp_path_factory.mktemp("odd") / "data"))
    train, val = (json.loads((folder / f"{part}.json").read_text()) for part in ("train", "val"))
    first = train["annotations"][0]
    first["bbox"] = [0, 0, 3, 3]
    train["annotations"].append({**first, "id": 999, "segmentation": [[50, 50, 51, 50, 51, 51]], "area": 0.5})
    train["annotations"][-1]["bbox"] = [50, 50, 1, 1]
    (folder / train["images"][1]["file_name"]).rename(folder / HOSTILE)
    train["images"][1]["file_name"] = HOSTILE
    leak(folder / train["images"][2]["file_name"], folder / val["images"][0]["file_name"], val["images"][0])
    for name, tree in (("train", train), ("val", val)):
        (folder / f"{name}.json").write_text(json.dumps(tree))
    return folder


def leak(original: Path, copy: Path, entry: dict[str, Any]) -> None:
    """Give one photograph something to recognise, and put its copy, cropped, where another one lay."""
    rng = np.random.default_rng(5)
    image = cv2.imread(str(original))
    height, width = image.shape[:2]
    coarse = cv2.resize(rng.integers(0, 256, (24, 24, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(original), coarse)
    cropped = coarse[2 : height - 2, 2 : width - 2]
    cv2.imwrite(str(copy), cv2.resize(cropped, (entry["width"], entry["height"])))


@pytest.fixture(scope="module")
def inspected(verb: Callable[..., None], odd_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    verb("inspect", f"data.root={odd_root}", "data.num_workers=0", f"hydra.run.dir={folder}")
    return folder


def test_figures(inspected: Path, odd_root: Path) -> None:
    figures = json.loads((inspected / "inspect.json").read_text(encoding="utf-8"))
    assert [part["photographs"] for part in figures["parts"]] == [6, 5, 4]
    annotations = [json.loads((odd_root / f"{part}.json").read_text())["annotations"] for part in ("train", "val")]
    assert [part["objects"] for part in figures["parts"]] == [len(annotations[0]), len(annotations[1]), 0]
    assert sum(sum(entry["objects"]) for entry in figures["classes"]) == sum(map(len, annotations))
    assert figures["problems"]["tiny"] == 1
    assert figures["problems"]["box"] == 1
    assert {"parts": [0, 1], "pairs": 1} in figures["scenes"]["crossing"], "the copy in the validation part"


def test_what_is_printed(
    verb: Callable[..., None], odd_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["num_photographs=3", "num_per_problem=1", "scenes=false", f"hydra.run.dir={tmp_path}"]
    verb("inspect", f"data.root={odd_root}", *small)
    printed = capsys.readouterr().out
    assert "train         6 photographs" in printed
    assert "tiny 1" in printed
    assert "scenes" not in printed
    assert str(tmp_path / "inspect.html") in printed
    assert (tmp_path / "inspect.html").stat().st_size < (tmp_path / "inspect.json").stat().st_size + 250_000


def test_a_limit_that_is_none(refused: Callable[..., str], root: Path, tmp_path: Path) -> None:
    said = refused("inspect", f"data.root={root}", "limits.overlap=70", f"hydra.run.dir={tmp_path}")
    assert "limits.overlap=70: give a number from 0 to 1" in said
    said = refused("inspect", f"data.root={root}", "num_photographs=0", f"hydra.run.dir={tmp_path}")
    assert "num_photographs=0: give a whole number from 1 on" in said


PHONE, DESKTOP = (390, 844, "en-GB"), (1440, 900, "ko-KR")


@pytest.fixture
def page(offline_page: Callable[..., Iterator[Any]], inspected: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, height, locale = getattr(request, "param", DESKTOP)
    yield from offline_page(inspected / "inspect.html", viewport={"width": width, "height": height}, locale=locale)


@pytest.mark.parametrize("page", [PHONE, DESKTOP], ids=["phone", "desktop"], indirect=True)
def test_clicking_through(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the side"
    korean = page.get_attribute("html", "lang") == "ko"
    headings = {True: "개요", False: "Overview"}
    assert page.inner_text("#overview h2") == headings[korean]
    page.click("#language")
    assert page.inner_text("#overview h2") == headings[not korean]
    assert page.get_attribute("html", "lang") == ("en" if korean else "ko")
    if not korean:
        page.click("#language")

    assert page.locator("#cards .card").count() == 15
    name = page.locator("#cards .name", has_text="onerror").first
    assert name.inner_text().replace("\n", "") == HOSTILE
    page.select_option("#filter-part", "1")
    assert page.locator("#cards .card").count() == 5
    page.select_option("#filter-part", "")
    page.select_option("#filter-class", label="Metal")
    metal = page.locator("#cards .card").count()
    assert 0 < metal < 15
    assert str(metal) in page.inner_text("#shown")
    page.select_option("#filter-class", "")

    page.click("[data-rule=tiny]")
    assert page.locator("#cards .card").count() == 1
    assert page.locator("#cards .marked").count() == 1
    page.click("#cards .card")
    assert page.locator("#viewer[open] .views .picture").count() == 2, "the photograph and the surroundings"
    page.keyboard.press("Escape")
    assert page.locator("#viewer[open]").count() == 0


def test_looking_through_photographs(page: Any) -> None:
    page.locator("#cards .card").nth(0).click()
    first = page.inner_text("#viewer-name")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#viewer-name") != first
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#viewer-name") == first
    page.locator("#viewer tbody tr").first.hover()
    assert page.locator("#viewer .pointed").count() == 1
    page.locator("#viewer .check input").uncheck()
    assert not page.locator("#viewer .outline").first.is_visible()
    assert not page.locator("#viewer .check input").is_checked()


def test_leaks_themes_and_measures(page: Any) -> None:
    assert page.locator("#scenes .pair.apart").count() == 1
    assert page.locator("#overview .bad").count() >= 1
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.click("#theme")
    assert page.evaluate(paper) != before
    pixels = page.inner_text("#classes table")
    page.click("#classes [data-value=objects]")
    assert page.inner_text("#classes table") != pixels
    page.locator("#sizes .choice button").nth(1).click()
    assert page.locator("#sizes svg rect").count() == 15
