"""The table: which runs, in what order, as text, CSV and page."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trashseg.runtable import choose, columns, differing, find_runs, render, table, write_csv
from trashseg.runtable.find import Run
from trashseg.sweep.outcome import Outcome
from trashseg.types import ConfigError, DataError

HOSTILE = "</script><b>{{STYLE}},\"'"


@pytest.fixture
def runs(make_run: Callable[..., Path], now: float, tmp_path: Path) -> list[Run]:
    make_run("a", {"lr": 0.5}, {"model": "fpn"}, outcome=Outcome("done", [], score=0.25, seconds=9))
    make_run("b", {"lr": 0.125}, {"model": HOSTILE}, outcome=Outcome("done", [], score=0.75, seconds=4))
    failed = Outcome("failed", [], reason="out of memory", seconds=7)
    make_run("c", {"lr": 0.5}, {"model": "fpn"}, outcome=failed)
    make_run("d", {"k": 5}, {}, verb="cv", outcome=Outcome("done", [], score=0.5, seconds=99))
    make_run("e", {}, {}, verb="runs", outcome=Outcome("done", []))
    return find_runs([tmp_path / "outputs"], now, alive=60)


def names(runs: list[Run]) -> str:
    return "".join(run.folder.name for run in runs)


def test_all_but_its_own_runs_are_found(runs: list[Run], now: float, tmp_path: Path) -> None:
    assert names(runs) == "abcd"
    both = [tmp_path / "outputs", tmp_path / "outputs"]
    assert find_runs(both, now, alive=60) == runs, "a run is listed once"


@pytest.mark.parametrize(("sort", "order"), [("score", "bdac"), ("seconds", "dacb"), ("folder", "abcd")])
def test_orders(runs: list[Run], sort: str, order: str) -> None:
    assert names(choose(runs[::-1], None, sort, None)) == order
    assert names(choose(runs, None, sort, 2)) == order[:2]
    assert names(choose(runs, ["cv"], sort, None)) == "d"


def test_mistakes(runs: list[Run]) -> None:
    with pytest.raises(ConfigError, match="Did you mean score"):
        choose(runs, None, "scroe", None)
    with pytest.raises(ConfigError, match="limit=0"):
        choose(runs, None, "score", 0)
    with pytest.raises(DataError, match="Did you mean train"):
        choose(runs, ["trian"], "score", None)
    with pytest.raises(DataError, match="trashseg train"):
        choose([], None, "score", None)


def test_text(runs: list[Run]) -> None:
    chosen = choose(runs, ["train"], "score", None)
    lines = table(chosen, differing(chosen)).splitlines()
    assert lines[1].split()[1:] == ["train", "done", "0.7500", "4", f"model={HOSTILE}", "lr=0.125"]
    assert lines[3].split()[1:] == ["train", "failed", "-", "7", "model=fpn", "lr=0.5"]
    assert lines[4].strip() == "out of memory"
    assert len(lines) == 5


def test_csv_and_page_hold_every_run(runs: list[Run], tmp_path: Path) -> None:
    keys = columns(differing(runs))
    write_csv(tmp_path / "runs.csv", runs, keys)
    with (tmp_path / "runs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["model"] for row in rows] == ["fpn", HOSTILE, "fpn", ""]
    assert [row["score"] for row in rows] == ["0.25", "0.75", "", "0.5"]

    page = render(runs, keys)
    assert page.count("</script>") == 2, "no name ends a script"
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found.group(1))
    assert data["columns"] == list(rows[0])
    assert [["" if cell is None else str(cell) for cell in row] for row in data["rows"]] == [
        list(row.values()) for row in rows
    ]
    assert not re.search(r"""(src|href)=|https?://(?!www\.w3\.org/2000/svg)""", page), "nothing is loaded"
