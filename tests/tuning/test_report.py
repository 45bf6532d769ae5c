"""What is printed and written: as training reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from trashseg.tuning.choosing import Found, Row
from trashseg.tuning.report import heading, row_text, verdict, write_report
from trashseg.tuning.timing import Timing

TIMING = Timing(123.45, 64.8, None, 0.2, (2.0, 1.5))
CHOSEN = {"model.channels_last": False, "trainer.fused_optimizer": True, "trainer.accumulate_grad_batches": 2}


def found(**chosen: Any) -> Found:
    return Found(1e-3, [100.0, 104.0, 102.0], [Row("a=true", TIMING, 1.3)], [], chosen, 1.3)


def test_training_takes_what_was_chosen(composed: Callable[..., DictConfig], tmp_path: Path) -> None:
    paths = write_report(tmp_path, found(**CHOSEN), {"where": "here: it\nis"})
    assert [path.name for path in paths] == ["tune_speed.json", "chosen.yaml"]
    command = ["experiment=plain", "debug=fast", "+speed=chosen", f"hydra.searchpath=[file://{tmp_path}]"]
    with initialize_config_dir(version_base="1.3", config_dir=str(Path(__file__).parents[2] / "conf")):
        cfg = compose("train", command)
    plain = composed("train", *command[:2])
    assert cfg.model.channels_last is False
    assert cfg.trainer.fused_optimizer is True
    assert cfg.trainer.accumulate_grad_batches == 2
    for key, value in {"channels_last": plain.model.channels_last}.items():
        cfg.model[key] = value
    for key in ("fused_optimizer", "accumulate_grad_batches"):
        cfg.trainer[key] = plain.trainer[key]
    assert cfg == plain


def test_nothing_chosen_writes_no_option(tmp_path: Path) -> None:
    (path,) = write_report(tmp_path, found(), {"where": "here"})
    document = json.loads(path.read_text())
    assert document["noise"] == pytest.approx(4 / 102)
    assert document["rows"][0]["timing"]["step_ms"] == 123.45
    assert not (tmp_path / "speed").exists()
    assert "nothing makes it faster" in verdict(found())


def test_the_table_lines_up() -> None:
    lines = [heading(), *(row_text(row) for row in (Row("base", TIMING, 1.0), Row("a=true", note="not on a CPU")))]
    assert {line.index(word) + len(word) for line, word in zip(lines, ("ms/step", "123.5", "-"), strict=True)} == {
        lines[0].index("ms/step") + len("ms/step")
    }
    long = row_text(Row("data.batch_size=4 trainer.accumulate_grad_batches=2", TIMING, 0.5, "x" * 300)).splitlines()
    assert len(long) == 2
    assert len(long[1]) <= 200
    assert long[1].index("123.5") == lines[1].index("123.5")
    assert f"{2048:>8}" in row_text(Row("base", Timing(1, 1, 2048.2, 0, ()), 1.0))


def test_the_verdict_states_noise_and_gain() -> None:
    text = verdict(found(**CHOSEN))
    assert "noise       3.9 %" in text
    assert "100.0 to 104.0 ms in 3" in text
    assert "model.channels_last=false trainer.fused_optimizer=true" in text
    assert "1.30 times" in text
