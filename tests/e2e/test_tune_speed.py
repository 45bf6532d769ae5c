"""trashseg tune-speed from the command line, without any data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trashseg.models.contract import SegmentationNet

Verb = Callable[..., None]
Refused = Callable[..., str]
TINY = [
    "model=unet_lite0", "model.encoder_name=tu-test_resnet.r160_in1k", "+model.options.decoder_channels=[16,16,8,8,8]",
    "data.image_size=64", "data.batch_size=4", "trainer=cpu", "steps=2", "warmup=1",
]  # fmt: skip


def test_every_option_has_its_row(
    verb: Verb, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler(*_: Any, **__: Any) -> None:
        raise RuntimeError("no C++ compiler found")

    monkeypatch.setattr(SegmentationNet, "compile", no_compiler)
    verb("tune_speed", *TINY, f"hydra.run.dir={tmp_path}")
    printed = capsys.readouterr().out
    rows = json.loads((tmp_path / "tune_speed.json").read_text())["rows"]
    assert len(rows) == 8
    assert all(row["name"].split()[0] in printed for row in rows)
    assert "failed: RuntimeError: no C++ compiler found" in printed
    measured = [row for row in rows if row["timing"]]
    assert [row["name"].split()[0] for row in measured] == [
        "model.channels_last=false", "trainer.fused_optimizer=true", "model.grad_checkpointing=true",
        "data.batch_size=2",
    ]  # fmt: skip
    first = measured[0]["timing"]["losses"]
    assert all(row["timing"]["losses"] == pytest.approx(first, rel=1e-4) for row in measured[:3])
    (next_line,) = (line for line in printed.splitlines() if line.startswith("next"))
    assert "trashseg train model=unet_lite0" in next_line
    assert "data.root=FOLDER" in next_line
    assert "steps=" not in next_line
    assert ("+speed=chosen" in next_line) == (tmp_path / "speed" / "chosen.yaml").is_file()


def test_slips_are_refused(refused: Refused, tmp_path: Path) -> None:
    folder = f"hydra.run.dir={tmp_path}"
    assert "steps=0 is not a whole number" in refused("tune_speed", *TINY, "steps=0", folder)
    assert "warmup=x is not a whole number" in refused("tune_speed", *TINY, "warmup=x", folder)
    assert "data.root=FOLDER, or data/classes=trash11" in refused("tune_speed", *TINY, "data=coco", folder)
