"""trashseg tta-search on a trained network, after a kill, over folds; and the option that it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trashseg.crossval.run import Record
from trashseg.ttasearch.cache import ViewCache

Verb = Callable[..., None]
Refused = Callable[..., str]
# Every pixel, and gains that any data show.
QUICK = ["stride=1", "num_draws=100", "trainer=device", "trainer.accelerator=cpu", "data.num_workers=0"]
VIEWS = ["tta=candidates", "tta.scales=[0.5,1.0]"]


def checkpoint(run: Path) -> Path:
    return run / "checkpoints" / "last.ckpt"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def searched(verb: Verb, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search") / "run"
    verb("tta_search", f"ckpt_path={checkpoint(trained)}", *VIEWS, *QUICK, f"hydra.run.dir={folder}")
    return folder


def test_the_score_is_that_of_evaluate(verb: Verb, trained: Path, searched: Path, tmp_path: Path) -> None:
    """The independent way: the best views in a run of their own, at every pixel."""
    best = read(searched / "tta_search.json")["front"][-1]
    views = {name: view_of(name) for name in best["subset"]}
    assert len(views) > 1
    option = tmp_path / "tta" / "own.yaml"
    option.parent.mkdir()
    option.write_text(json.dumps({"_target_": "trashseg.tta.TTA", "views": views}))
    line = ["tta=own", *QUICK[1:], f"hydra.run.dir={tmp_path}", "--config-dir", tmp_path]
    verb("evaluate", f"ckpt_path={checkpoint(trained)}", *line)
    metrics = read(tmp_path / "metrics.json")
    # Values are kept in steps of 1/255, which changes the class of few pixels.
    assert best["miou"] == pytest.approx(metrics["miou"], rel=0.01)
    assert metrics["tta_views"] == len(views)


def view_of(name: str) -> dict[str, Any]:
    return {"scale": 0.5 if "0.5" in name else 1.0, "flip": "horizontal" if "horizontal" in name else "none"}


def test_the_chosen_option_is_found_by_the_other_verbs(
    verb: Verb, trained: Path, searched: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (searched / "front.png").stat().st_size > 1000
    options = [f"ckpt_path={checkpoint(trained)}", f"source={root / 'test.json'}", f"hydra.run.dir={tmp_path}"]
    verb("predict", *options, "tta=chosen", "trainer.accelerator=cpu", "--config-dir", searched)
    assert "4 photographs segmented" in capsys.readouterr().out


def test_a_killed_search_goes_on_where_it_was(
    verb: Verb, trained: Path, searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = [f"ckpt_path={checkpoint(trained)}", *VIEWS, *QUICK, f"hydra.run.dir={tmp_path}"]
    real, calls = ViewCache.add, []

    def dies(cache: ViewCache, path: Path, *photograph: Any) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        real(cache, path, *photograph)

    monkeypatch.setattr(ViewCache, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        verb("tta_search", *line)
    verb("tta_search", *line)
    assert [path.stem for path in calls] == ["000000", "000001", "000002", "000003", "000003", "000004"]
    assert read(tmp_path / "tta_search.json") == read(searched / "tta_search.json")
    verb("tta_search", *line)
    assert len(calls) == 6


@pytest.fixture(scope="module")
def crossed(verb: Verb, root: Path, tiny: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished cross-validation of two folds."""
    run = tmp_path_factory.mktemp("crossed")
    verb("split", f"data.root={root}", "k=2", "grouping=none", f"hydra.run.dir={run / 'split'}")
    fast = [*tiny, f"data.folds={run / 'split'}", "debug=fast", "callbacks=plain", "~callbacks.pictures"]
    for fold in (0, 1):
        verb("train", *fast, f"data.fold={fold}", f"hydra.run.dir={run / str(fold)}")
    Record.of([checkpoint(run / str(fold)) for fold in (0, 1)], run / "split", None).write(run)
    return run


def test_folds_are_searched_with_the_networks_that_did_not_see_them(
    verb: Verb, crossed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("tta_search", f"cv={crossed}", "tta=flip", *QUICK, f"hydra.run.dir={tmp_path / 'search'}")
    folds = read(crossed / "split" / "folds.json")["folds"]
    for fold, names in enumerate(folds):
        paths = sorted((tmp_path / "search" / "views" / str(fold)).glob("*.npz"))
        found = [str(np.load(path, allow_pickle=False)["name"]) for path in paths]
        assert sorted(found) == sorted(names)
    assert f"{sum(map(len, folds))} photographs in" in capsys.readouterr().out
    matrices = []
    for fold in (0, 1):
        line = [f"ckpt_path={checkpoint(crossed / str(fold))}", *QUICK[1:], f"hydra.run.dir={tmp_path / str(fold)}"]
        verb("evaluate", *line)
        matrices.append(np.array(read(tmp_path / str(fold) / "metrics.json")["confusion_matrix"]))
    whole = sum(matrices)
    union = whole.sum(0) + whole.sum(1) - whole.diagonal()
    expected = np.mean(whole.diagonal()[union > 0] / union[union > 0])
    front = read(tmp_path / "search" / "tta_search.json")["front"]
    (plain,) = (each for each in front if each["subset"] == ["plain"])
    assert plain["miou"] == pytest.approx(expected, rel=0.01)


def test_slips_are_refused(refused: Refused, trained: Path, searched: Path, crossed: Path, tmp_path: Path) -> None:
    line = [f"ckpt_path={checkpoint(trained)}", f"hydra.run.dir={tmp_path}"]
    assert "give one of ckpt_path=" in refused("tta_search", f"hydra.run.dir={tmp_path}")
    assert "give one of ckpt_path=" in refused("tta_search", *line, f"cv={crossed}")
    assert "leave out data=" in refused("tta_search", f"cv={crossed}", "split=train", f"hydra.run.dir={tmp_path}")
    assert "split=test cannot be scored" in refused("tta_search", *line, "split=test")
    assert "stride=0" in refused("tta_search", *line, "stride=0")
    assert "max_exhaustive=20 is too many" in refused("tta_search", *line, "max_exhaustive=20")
    assert "num_draws=3" in refused("tta_search", *line, "num_draws=3")
    assert "tta.merge holds 'meen'" in refused("tta_search", *line, "tta.merge=meen")
    there = [line[0], *VIEWS, *QUICK[1:], "stride=2", f"hydra.run.dir={searched}"]
    assert "begun with stride=1, this command has stride=2" in refused("tta_search", *there)
