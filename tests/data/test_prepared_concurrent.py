"""Two builders at once, and a builder that is killed; each a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PREPARE = """
import os, signal, sys, time
from pathlib import Path
import numpy as np
from trashseg.data import masks
from trashseg.data.index import open_index
from trashseg.data.prepared import prepare

json_path, cache, answer, other = map(Path, sys.argv[1:5])
real, painted = masks.rasterise, []

def rasterise(*args):
    # EVENT
    painted.append(1)
    return real(*args)

masks.rasterise = rasterise
index = open_index(json_path, cache)
split = prepare(index, json_path.parent, {1: 1, 2: 2, 7: 3}, 4, max_side=50, cache_dir=cache)
np.save(answer, [split.mask(i) for i in range(len(split))])
"""
# Each waits before its first mask until the other is there too, so that the builds surely overlap.
WAIT = """
    Path(f"{answer}.here").touch()
    while not Path(f"{other}.here").exists():
        time.sleep(0.01)
"""
DIE = "    if len(painted) == 2: os.kill(os.getpid(), signal.SIGKILL)"

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(data: Any, cache: Path, tmp_path: Path) -> Start:
    """Return a function that starts a process which prepares the data and saves the masks."""
    path = data.write()

    def run(answer: str, other: str = "none", event: str = "", cache: Path = cache) -> subprocess.Popen[bytes]:
        script = PREPARE.replace("    # EVENT", event)
        arguments = [str(path), str(cache), str(tmp_path / answer), str(tmp_path / other)]
        return subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=Path(__file__).parents[2])

    return run


def masks_of(process: subprocess.Popen[bytes], path: Path) -> np.ndarray:
    assert process.wait(timeout=60) == 0
    return np.load(path)


def test_two_processes_build_at_once(start: Start, cache: Path, tmp_path: Path) -> None:
    processes = [start("a.npy", "b.npy", WAIT), start("b.npy", "a.npy", WAIT)]
    alone = start("c.npy", cache=tmp_path / "alone")
    expected = masks_of(alone, tmp_path / "c.npy")
    for process, name in zip(processes, ("a.npy", "b.npy"), strict=True):
        np.testing.assert_array_equal(masks_of(process, tmp_path / name), expected)
    for kind in ("index", "masks", "photographs"):
        assert len(list((cache / kind).iterdir())) == 1  # no temporary folder is left


def test_a_killed_build_leaves_nothing_that_is_read(start: Start, cache: Path, tmp_path: Path) -> None:
    assert start("a.npy", event=DIE).wait(timeout=60) == -signal.SIGKILL
    assert [folder.suffix for folder in (cache / "masks").iterdir()] == [".tmp"]
    expected = masks_of(start("c.npy", cache=tmp_path / "alone"), tmp_path / "c.npy")
    np.testing.assert_array_equal(masks_of(start("b.npy"), tmp_path / "b.npy"), expected)
