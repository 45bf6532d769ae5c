"""Keeping 512x512 probabilities of 11 classes: bytes, time, loss and memory, against numpy's compressed float16.

Run it as ``python benchmarks/store.py`` for generated maps, or ``python benchmarks/store.py CHECKPOINT SOURCE`` for
those of a network on photographs. One thread; times are process CPU time, the least of the repeats for each photograph.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from trashseg.store import StoreWriter, open_store

NUM_CLASSES, SIDE, NUM_MAPS, REPEATS = 11, 512, 8, 3
CLASSES = [f"class {k}" for k in range(NUM_CLASSES)]
LENGTHS = (10, 100)
Ways = dict[str, tuple[Callable[[Path, Tensor], None], Callable[[Path], Tensor]]]


def generated(count: int) -> Iterator[Tensor]:
    """Yield maps such as a network gives: a few soft-edged objects, differently sure, and smooth doubt everywhere."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        logits = np.stack([cv2.resize(rng.normal(size=(16, 16)), (SIDE, SIDE)) for _ in CLASSES])
        logits[0] += 6
        for _ in range(rng.integers(2, 9)):
            shape = np.zeros((SIDE, SIDE))
            ellipse = (rng.integers(0, SIDE, 2).tolist(), rng.integers(20, 200, 2).tolist(), float(rng.uniform(0, 180)))
            cv2.ellipse(shape, ellipse, float(rng.uniform(6, 14)), -1)
            logits[rng.integers(1, NUM_CLASSES)] += cv2.GaussianBlur(shape, (0, 0), float(rng.uniform(1.5, 5)))
        yield torch.from_numpy(logits).float().softmax(0)


def predicted(checkpoint: Path, source: str, count: int) -> Iterator[Tensor]:
    """Yield the maps of ``count`` photographs, spread evenly over the source."""
    from trashseg.checkpoint import load_trained
    from trashseg.data.dataset import collate_eval
    from trashseg.data.resize import Resize
    from trashseg.data.user_photographs import PhotographDataset, find_photographs
    from trashseg.inference.predictor import Predictor
    from trashseg.tta import TTA

    trained, photographs = load_trained(checkpoint), find_photographs(source)
    data = trained.config["data"]
    dataset = PhotographDataset(photographs, Resize(data["image_size"], data["resize"]))
    predictor = Predictor(trained, TTA(), "cpu", "32-true")
    for i in np.linspace(0, len(photographs) - 1, min(count, len(photographs))).astype(int):
        sample: Any = dataset[int(i)]
        yield next(iter(predictor(collate_eval([sample]))))


def write_store(form: str) -> Callable[[Path, Tensor], None]:
    def write(path: Path, probs: Tensor) -> None:
        with StoreWriter(path, CLASSES, form, {}) as store:
            store.add("photograph", probs)

    return write


def read_store(path: Path) -> Tensor:
    return open_store(path).probs("photograph")


def write_numpy(path: Path, probs: Tensor) -> None:
    path.mkdir()
    np.savez_compressed(path / "probs.npz", probs=probs.half().numpy())


def read_numpy(path: Path) -> Tensor:
    with np.load(path / "probs.npz") as content:
        return torch.from_numpy(content["probs"]).float()


WAYS: Ways = {
    "numpy, float16 .npz": (write_numpy, read_numpy),
    "store, probs": (write_store("probs"), read_store),
    "store, coarse": (write_store("coarse"), read_store),
}


def cpu_ms(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def one_map(probs: Tensor, way: str, folder: Path) -> list[float]:
    """Return KB, ms to write, ms to read, % of changed pixels, largest and mean absolute error."""
    write, read = WAYS[way]
    paths = [folder / str(i) for i in range(REPEATS)]
    write_ms = min(cpu_ms(lambda path=path: write(path, probs)) for path in paths)
    read_ms = min(cpu_ms(lambda path=path: read(path)) for path in paths)
    found = read(paths[0])
    size = sum(file.stat().st_size for file in paths[0].iterdir()) / 1024
    changed = 100 * float((found.max(0).indices != probs.max(0).indices).float().mean())
    error = (found - probs).abs()
    return [size, write_ms, read_ms, changed, float(error.max()), float(error.mean())]


def peak_mb(work: Callable[[], None]) -> float:
    """Return the peak memory of ``work`` in a process of its own, above what it began with."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def job() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work()
        queue.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)

    process = context.Process(target=job)
    process.start()
    peak: float = queue.get()
    process.join()
    return peak


def write_many(folder: Path, probs: Tensor, count: int) -> None:
    with StoreWriter(folder, CLASSES, "coarse", {}) as store:
        for i in range(count):
            store.add(str(i), probs)


def read_many(folder: Path) -> None:
    for _, probs in open_store(folder).items():
        probs.sum()


def main() -> None:
    torch.set_num_threads(1)
    given = sys.argv[1:]
    maps = list(predicted(Path(given[0]), given[1], NUM_MAPS) if given else generated(NUM_MAPS))
    print(f"{len(maps)} maps of {NUM_CLASSES}x{SIDE}x{SIDE}, {'of a network' if given else 'generated'}, one thread")
    print(f"{'':22}{'KB':>7}{'write ms':>10}{'read ms':>9}{'changed %':>11}{'largest error':>15}{'mean error':>12}")
    with tempfile.TemporaryDirectory() as name:
        folders = iter(Path(name, str(i)) for i in range(1000))
        rows: dict[str, list[list[float]]] = {way: [] for way in WAYS}
        for probs in maps:
            for way, row in rows.items():
                folder = next(folders)
                folder.mkdir()
                row.append(one_map(probs, way, folder))
        for way, row in rows.items():
            size, write_ms, read_ms, changed, _, mean = np.mean(row, 0)
            largest = max(line[4] for line in row)
            print(f"{way:22}{size:7.0f}{write_ms:10.1f}{read_ms:9.1f}{changed:11.4f}{largest:15.4f}{mean:12.6f}")
        for count in LENGTHS:
            folder = next(folders)
            wrote = peak_mb(lambda folder=folder, count=count: write_many(folder, maps[0], count))
            read = peak_mb(lambda folder=folder: read_many(folder))
            print(f"peak memory, {count:3} photographs: write {wrote:.0f} MB, read {read:.0f} MB")


if __name__ == "__main__":
    main()
