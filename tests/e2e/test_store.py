"""trashseg predict save=...: probabilities beside the masks, and a run that goes on after a kill."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trashseg.store import Store, open_store

Verb = Callable[..., None]
FORMS = ["probs", "coarse"]

# The fifth piece is the map of the third photograph: half of it is written when the process dies.
KILLED = """
import os, signal
from trashseg.store.appending import Tail

real, calls = Tail.append, []

def append(tail, piece):
    calls.append(piece)
    if len(calls) == 5:
        real(tail, piece[: len(piece) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    real(tail, piece)

Tail.append = append
from trashseg.predict import main
main()
"""


@pytest.fixture(scope="module")
def options(trained: Path, root: Path) -> list[str]:
    return [f"ckpt_path={trained / 'checkpoints' / 'best.ckpt'}", f"source={root / 'val.json'}"]


@pytest.fixture(scope="module")
def runs(verb: Verb, options: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An uninterrupted run of each form."""
    folders = {form: tmp_path_factory.mktemp("predict") / form for form in FORMS}
    for form, folder in folders.items():
        verb("predict", *options, f"save={form}", f"hydra.run.dir={folder}")
    return folders


def mask_of(run: Path, name: str) -> np.ndarray:
    with Image.open(run / "masks" / name) as picture:
        return np.array(picture)


def test_the_store_holds_what_the_masks_show(runs: dict[str, Path], options: list[str], root: Path) -> None:
    store = open_store(runs["probs"] / "store")
    images = json.loads((root / "val.json").read_text())["images"]
    assert store.sizes == {image["file_name"]: (image["height"], image["width"]) for image in images}
    assert store.classes[:2] == ("Background", "General trash")
    for name, probs in store.items():
        np.testing.assert_array_equal(probs.argmax(0).numpy(), mask_of(runs["probs"], name))
    checkpoint = Path(options[0].partition("=")[2])
    assert store.about["checkpoint"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert store.about["image_size"] == 64
    assert store.about["tta"]["flips"] == ["none"]


def test_coarse_maps_are_small_and_whole(runs: dict[str, Path]) -> None:
    full, coarse = (open_store(runs[form] / "store") for form in FORMS)
    assert coarse.sizes == full.sizes
    assert coarse.about == full.about
    assert size_of(coarse) < size_of(full) / 2
    for name, probs in coarse.items():
        assert probs.shape == full.probs(name).shape
        assert torch.allclose(probs.sum(0), torch.ones(()))


def size_of(store: Store) -> int:
    return (store.folder / "maps.bin").stat().st_size


def test_a_killed_run_ends_with_the_same_bytes(
    verb: Verb, runs: dict[str, Path], options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = [*options, "save=probs", f"hydra.run.dir={tmp_path / 'run'}"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *again], cwd=tmp_path, timeout=600, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(open_store(tmp_path / "run" / "store")) == 2
    verb("predict", *again)
    assert "3 photographs segmented, 2 were done before" in capsys.readouterr().out
    assert written(tmp_path / "run") == written(runs["probs"])
    verb("predict", *again)
    assert "0 photographs segmented, 5 were done before" in capsys.readouterr().out


def written(run: Path) -> dict[str, bytes]:
    """Return the content of every file that the verb wrote, without Hydra's own."""
    paths = (path for part in ("masks", "overlays", "store") for path in (run / part).rglob("*") if path.is_file())
    return {str(path.relative_to(run)): path.read_bytes() for path in paths}


def test_pictures_that_are_missing_are_made_again(
    verb: Verb, runs: dict[str, Path], options: list[str], copy_of: Callable[[Path], Path]
) -> None:
    run = copy_of(runs["coarse"])
    expected = written(run)
    next((run / "overlays").rglob("*.png")).unlink()
    next((run / "masks").rglob("*.png")).unlink()
    verb("predict", *options, "save=coarse", f"hydra.run.dir={run}")
    assert written(run) == expected


def test_other_predictions_do_not_mix(
    refused: Callable[..., str], runs: dict[str, Path], options: list[str], tmp_path: Path
) -> None:
    there = [*options, f"hydra.run.dir={runs['probs']}"]
    assert "form=probs, these have form=coarse" in refused("predict", *there, "save=coarse")
    assert "about.tta=" in refused("predict", *there, "save=probs", "tta=flip")
    assert "save=full is no form" in refused("predict", *options, "save=full", f"hydra.run.dir={tmp_path}")
