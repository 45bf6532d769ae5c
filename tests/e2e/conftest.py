"""A tiny data set in the competition's layout, and ways to run a verb on it."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra

HERE = Path(__file__).parent
NAMES = [
    "General trash",
    "Paper",
    "Paper pack",
    "Metal",
    "Glass",
    "Plastic",
    "Styrofoam",
    "Plastic bag",
    "Battery",
    "Clothing",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COUNTS = {"train": 6, "val": 5, "test": 4}
SIZES = [(96, 80), (64, 64), (72, 100)]
TINY_MODEL = [
    "model=unet_lite0",
    "model.pretrained=false",
    "model.encoder_name=tu-test_resnet.r160_in1k",
    "+model.options.decoder_channels=[16,16,8,8,8]",
]
TINY_DATA = ["data.image_size=64", "data.batch_size=2", "data.num_workers=0"]
TINY = [*TINY_MODEL, *TINY_DATA, "trainer=cpu", "trainer.log_every_n_steps=1"]


def rectangle(rng: np.random.Generator, image: np.ndarray, number: int, image_id: int) -> dict[str, Any]:
    """Paint an object whose colour tells its class, and return its annotation."""
    height, width = image.shape[:2]
    side, category = int(rng.integers(16, 40)), int(rng.integers(1, 11))
    x, y = int(rng.integers(0, width - side)), int(rng.integers(0, height - side))
    image[y : y + side, x : x + side] = (25 * category, 255 - 20 * category, 60 * (category % 4))
    polygon = [x, y, x + side, y, x + side, y + side, x, y + side]
    return {
        "id": number, "image_id": image_id, "category_id": category, "segmentation": [polygon],
        "area": side * side, "bbox": [x, y, side, side], "iscrowd": 0,
    }  # fmt: skip


def write_part(root: Path, part: str, numbers: range, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, number in enumerate(numbers):
        height, width = SIZES[number % len(SIZES)]
        name = f"batch_0{1 + number % 2}/{number:04d}.png"
        image = rng.integers(90, 120, (height, width, 3), np.uint8)
        for _ in range(3):
            annotations.append(rectangle(rng, image, len(annotations), image_id))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), image)
        images.append({"id": image_id, "file_name": name, "height": height, "width": width})
    categories = [{"id": k, "name": name} for k, name in enumerate(NAMES, start=1)]
    tree = {"images": images, "categories": categories, "annotations": [] if part == "test" else annotations}
    (root / f"{part}.json").write_text(json.dumps(tree), encoding="utf-8")


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests a cache of their own and let configs name the callbacks beside this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASHSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE)]))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.syspath_prepend(str(HERE))
        yield


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    start = 0
    for seed, (part, count) in enumerate(COUNTS.items()):
        write_part(folder, part, range(start, start + count), seed)
        start += count
    return folder


@pytest.fixture(scope="session")
def tiny(root: Path) -> list[str]:
    """Overrides of a training of about a second an epoch."""
    return [*TINY, f"data.root={root}"]


def verb(name: str, *overrides: object) -> None:
    """Run a verb in this process as its command line would."""
    before, logs = sys.argv, logging.getLogger()
    handlers = logs.handlers[:]
    GlobalHydra.instance().clear()
    sys.argv = [name, *map(str, overrides)]
    try:
        importlib.import_module(f"trashseg.{name}").main()
    finally:
        sys.argv = before
        for handler in logs.handlers:
            if handler not in handlers:
                handler.close()
        # Hydra's handlers would write to a stream that pytest closes after this test.
        logs.handlers[:] = handlers


@pytest.fixture(scope="session", name="verb")
def verb_fixture() -> Callable[..., None]:
    return verb


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a verb that must end with status 2 and one line on stderr; return that line."""

    def run(name: str, *overrides: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            verb(name, *overrides)
        err = capsys.readouterr().err
        assert stopped.value.code == 2
        lines = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, err
        assert "Traceback" not in err
        return lines[0]

    return run


@pytest.fixture(scope="session")
def trained(tiny: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of three epochs."""
    folder = tmp_path_factory.mktemp("run") / "train" / "one"
    verb("train", *tiny, "trainer.max_epochs=3", f"hydra.run.dir={folder}")
    return folder


@pytest.fixture(scope="session")
def in_child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run ``trashseg train`` in a process of its own; return its exit status and what it printed.

    Signals (a kill, Ctrl-C) can then be tried without the many seconds that importing torch takes each time.
    """
    output = tmp_path_factory.mktemp("zygote") / "output"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, HERE / "zygote.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None

    def run(*overrides: object, ranks: int = 1) -> tuple[int, str]:
        before = output.stat().st_size
        environments = [{}] if ranks == 1 else as_torchrun(ranks)
        process.stdin.write(json.dumps({"overrides": [*map(str, overrides)], "environments": environments}) + "\n")
        process.stdin.flush()
        status = process.stdout.readline()
        assert status, output.read_text()
        return int(status), output.read_bytes()[before:].decode()

    yield run
    process.stdin.close()
    process.stdout.close()
    process.wait(30)


def as_torchrun(ranks: int) -> list[dict[str, str]]:
    """Return the variables that torchrun gives the processes of a run on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"TORCHELASTIC_RUN_ID": "test", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared |= {"WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks), "GROUP_RANK": "0"}
    return [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(ranks)]


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m trashseg.VERB`` as a user would, in an empty folder; dear, since torch is imported anew."""

    def run(name: str, *overrides: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", f"trashseg.{name}", *map(str, overrides)],
            cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copytree(folder, tmp_path / "copy" / folder.name))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless browser, or skip."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with api.sync_playwright() as driver:
        if program is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("no Chromium is installed")
        running = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def offline_page(browser: Any) -> Callable[..., Iterator[Any]]:
    """Yield a page of a file, opened without network; anything that it throws, asks for or pops up fails the test."""

    def opened_page(path: Path, **options: Any) -> Iterator[Any]:
        context = browser.new_context(**options, offline=True)
        opened, trouble = context.new_page(), []
        opened.on("pageerror", lambda error: trouble.append(str(error)))
        opened.on("dialog", lambda dialog: trouble.append(dialog.message))
        opened.on("console", lambda message: trouble.append(message.text))
        opened.on("request", lambda asked: trouble.append(asked.url) if asked.url.startswith("http") else None)
        opened.goto(path.as_uri())
        yield opened
        context.close()
        assert trouble == []

    return opened_page


def same_nest(a: Any, b: Any) -> bool:
    """Whether two nests of containers hold the same values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_nest(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_nest, a, b))
    return bool(a == b)


@pytest.fixture(scope="session")
def same() -> Callable[[Any, Any], bool]:
    return same_nest
