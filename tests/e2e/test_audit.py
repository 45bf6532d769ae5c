"""trashseg audit on the record of a cross-validation."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from trashseg.data.source import Source
from trashseg.store import StoreWriter
from trashseg.types import Split

Verb = Callable[..., None]


@pytest.fixture(scope="module")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished cross-validation whose networks see a battery throughout the first photograph."""
    run = tmp_path_factory.mktemp("cv")
    (run / "split").mkdir()
    (run / "split" / "all.json").write_bytes((root / "train.json").read_bytes())
    source = Source(str(root), val=None)
    prepared, names = source.prepare(Split.VAL), source.table.names
    with StoreWriter(run / "oof" / "store", names, "coarse", {}) as store:
        for i, name in enumerate(prepared.names):
            seen = torch.from_numpy(prepared.mask(i)).long()
            seen = torch.full_like(seen, names.index("Battery")) if i == 0 else seen
            probs = torch.full((len(names), *seen.shape), 0.1 / len(names))
            store.add(name, probs.scatter_(0, seen[None], 0.9 + 0.1 / len(names)))
    data = {"_target_": "trashseg.data.datamodule.TrashDataModule", "root": str(root), "train": "train.json"}
    record = {"folds": str(run / "split"), "root": str(root), "data": data, "num_folds": 2, "checkpoints": []}
    (run / "cv.json").write_text(json.dumps(record | {"store": "oof/store"}))
    return run


def test_audit(verb: Verb, finished: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb("audit", f"cv={finished}", "num_suspects=5", "picture_side=64", f"hydra.run.dir={tmp_path}")
    said = capsys.readouterr().out
    assert "6 photographs, 1" in said
    assert f"data.exclude={tmp_path / 'exclude.csv'}" in said
    with (tmp_path / "suspects.csv").open(newline="", encoding="utf-8") as stream:
        first = next(csv.DictReader(stream))
    name = json.loads((root / "train.json").read_text())["images"][0]["file_name"]
    assert (first["file_name"], first["suggestion"], first["flag"]) == (name, "Battery", "1")
    with (tmp_path / "exclude.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["file_name"] for row in csv.DictReader(stream)] == [name]
    assert (tmp_path / "audit.html").stat().st_size > 20_000


def test_what_it_cannot_audit(refused: Callable[..., str], finished: Path, tmp_path: Path) -> None:
    assert "holds no cv.json" in refused("audit", f"cv={tmp_path}", f"hydra.run.dir={tmp_path / 'run'}")
    assert "cv has no value" in refused("audit", f"hydra.run.dir={tmp_path / 'run'}")
    record = json.loads((finished / "cv.json").read_text())
    (tmp_path / "cv.json").write_text(json.dumps(record | {"store": None}))
    assert "save=coarse" in refused("audit", f"cv={tmp_path}", f"hydra.run.dir={tmp_path / 'run'}")
    where = f"data.root={tmp_path / 'nowhere'}"
    assert "is not a folder" in refused("audit", f"cv={finished}", where, f"hydra.run.dir={tmp_path / 'run'}")
