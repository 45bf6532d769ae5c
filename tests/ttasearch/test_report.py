"""The table, the picture and the option that is written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from trashseg.scores import Interval
from trashseg.tta import TTA
from trashseg.ttasearch.choosing import Candidate, Choice
from trashseg.ttasearch.option import with_plain
from trashseg.ttasearch.report import table_text, write_report
from trashseg.types import ConfigError

NODE = {"_target_": "trashseg.tta.TTA", "scales": [0.5, 1.0], "flips": ["none", "both"], "merge": "max"}


@pytest.fixture
def choice() -> Choice:
    none = float("nan")
    small = Candidate((0,), 0.25, 0.4, Interval(-0.1, -0.2, -0.02, 0.9))
    plain = Candidate((2,), 1.0, 0.5, Interval(0.0, none, none, 0.9))
    best = Candidate((0, 2, 3), 2.25, 0.52, Interval(0.02, 0.01, 0.03, 0.9))
    points = [(each.cost, each.miou) for each in (small, plain, best)]
    return Choice([small, plain, best], plain, best, Interval(0.015, none, none, 0.9), ((0, 2), (2,)), points)


def test_what_is_written_builds_the_chosen_views(choice, tmp_path):
    tta = TTA([0.5, 1.0], ["none", "both"])
    paths = write_report(tmp_path, choice, tta, NODE, {"how": "so"})
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "tta/chosen.yaml",
        "tta_search.json",
        "front.png",
    ]
    chosen = instantiate(OmegaConf.load(paths[0]), _convert_="all")
    assert chosen.merge == "max"
    assert chosen.views == {name: tta.views[name] for name in ("scale_0.5", "plain", "both")}
    document = json.loads(paths[1].read_text(encoding="utf-8"))
    assert document["how"] == "so"
    assert document["chosen"] == ["scale_0.5", "plain", "both"]
    assert document["front"][1]["gain"] == {"value": 0.0, "low": None, "high": None, "level": 0.9}
    assert document["chosen_on_halves"] == [["scale_0.5", "plain"], ["plain"]]
    with Image.open(paths[2]) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[2] == 3
    # The ring, and the dots of the front.
    assert (np.abs(pixels.astype(int) - (214, 39, 40)).sum(2) < 30).sum() > 100
    assert (np.abs(pixels.astype(int) - (31, 119, 180)).sum(2) < 30).sum() > 100


def test_the_table_marks_the_chosen_one(choice):
    lines = table_text(choice, ["scale_0.5", "scale_0.5_both", "plain", "both"]).splitlines()
    assert "90 % interval" in lines[0]
    assert [line[0] for line in lines[1:4]] == [" ", " ", "*"]
    assert "+0.0200 (+0.0100 to +0.0300)" in lines[3]
    assert lines[3].endswith("scale_0.5, plain, both")
    assert "+0.0150: chosen on one half" in lines[-1]


def test_the_plain_view_is_added_once():
    named = with_plain({**NODE, "scales": [0.5]}, TTA([0.5], ["none", "both"]))
    assert list(named["views"]) == ["plain", "scale_0.5", "scale_0.5_both"]
    assert "scales" not in named
    assert list(with_plain(NODE, TTA([0.5, 1.0]))["views"]) == ["scale_0.5", "plain"]
    with pytest.raises(ConfigError, match="give it another name"):
        with_plain(NODE, TTA(views={"plain": {"flip": "both"}}))
