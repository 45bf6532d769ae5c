"""Votes of ten submissions of 819 rows, and of five members' stored probabilities, beside plain Python.

Hard votes: read ten CSVs, vote, write the result; equal weights, weights of members, and ties broken by a list of
classes. The plain way counts every pixel with collections.Counter, which is what published voting scripts do; it is
timed on a few rows and scaled. Soft votes: the weighted mean of five stores, once with 100 and once with all
photographs, to show that memory does not grow with them. Each way runs in a process of its own, so that the peak
memory is its own.

Run: python benchmarks/voting.py [--photographs 819] [--plot memory.png]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from _memory_plot import Curve, MemoryWatch, draw_curves

NUM_FILES, NUM_CLASSES, SIDE, FULL = 10, 11, 256, 512
SAMPLE = 3
LIMIT = 500.0
"""MB that a vote may take."""
WEIGHTS = [3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
CLASS_ORDER = list(range(NUM_CLASSES))[::-1]
Maps = npt.NDArray[np.float32]


def scores(number: int, member: int, side: int) -> Maps:
    """Return scores (11, side, side) as one network of several gives them: smooth, few classes, mostly in agreement."""
    shared, own = np.random.default_rng(number), np.random.default_rng([number, member])
    maps = []
    shown = {0, *shared.choice(NUM_CLASSES, 3, replace=False).tolist()}
    for k in range(NUM_CLASSES):
        level = 4 * (k == 0) - 20 * (k not in shown)
        coarse = shared.normal(0, 3, (6, 6)) + level + own.normal(0, 0.4, (6, 6))
        maps.append(cv2.resize(coarse.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC))
    return np.stack(maps)


def names(count: int) -> list[str]:
    return [f"batch_{1 + i % 3:02d}_vt/{i:04d}.jpg" for i in range(count)]


def write_files(folder: Path, count: int) -> list[Path]:
    from trashseg.submission import write_submission

    paths = [folder / f"{member}.csv" for member in range(NUM_FILES)]
    for member, path in enumerate(paths):
        write_submission(path, names(count), (scores(i, member, SIDE).argmax(0).astype(np.uint8) for i in range(count)))
    return paths


def write_stores(folder: Path, count: int, num_members: int) -> list[Path]:
    from trashseg.store import StoreWriter

    paths = [folder / f"store_{member}" for member in range(num_members)]
    for member, path in enumerate(paths):
        with StoreWriter(path, [f"class {k}" for k in range(NUM_CLASSES)], "coarse", {}) as store:
            for i, name in enumerate(names(count)):
                store.add(name, torch.from_numpy(scores(i, member, FULL)).softmax(0))
    return paths


def plain(paths: Sequence[Path], out: Path, weights: Sequence[float] | None, order: Sequence[int] | None) -> None:
    """Vote as published scripts do, on the first rows."""
    files = [[line.rstrip("\n").split(",") for line in path.open().readlines()[1 : 1 + SAMPLE]] for path in paths]
    lines = ["image_id,PredictionString"]
    for rows in zip(*files, strict=True):
        said = [row[1].split(" ") for row in rows]
        voted = []
        for pixel in zip(*said, strict=True):
            counter: Counter[str] = Counter()
            for member, k in enumerate(pixel):
                counter[k] += 1 if weights is None else weights[member]  # type: ignore[assignment]
            most = max(counter.values())
            tied = [k for k in pixel if counter[k] >= most - 1e-9]
            voted.append(tied[0] if order is None else min(tied, key=lambda k: order.index(int(k))))
        lines.append(f"{rows[0][0]},{' '.join(voted)}")
    out.write_text("\n".join(lines) + "\n")


def ours(paths: Sequence[Path], out: Path, weights: Sequence[float] | None, order: Sequence[int] | None) -> None:
    from trashseg.submissions.voting import vote

    vote(out, paths, weights, order)


def soft(paths: Sequence[Path], out: Path, count: int) -> None:
    from trashseg.ensembling.mixture import Mixture
    from trashseg.store import open_store
    from trashseg.submission import write_submission

    mixture = Mixture.mean([open_store(path) for path in paths])
    write_submission(out, names(count), (mixture.small_map(name, "nearest") for name in names(count)))


def measured(function: Callable[..., None], *arguments: object) -> tuple[float, float, float, Curve]:
    """Run ``function`` in a fresh process; return seconds, processor seconds, how many MB its memory grew, and when."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (function, arguments))


def _timed(function: Callable[..., None], arguments: tuple[object, ...]) -> tuple[float, float, float, Curve]:
    torch.set_num_threads(1)
    import trashseg.ensembling.mixture
    import trashseg.submissions.voting  # noqa: F401 - what importing takes is not the vote's

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with MemoryWatch() as watch:
        start, cpu = time.perf_counter(), time.process_time()
        function(*arguments)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    # What importing needed for a moment may hide a vote's peak from the system's own count.
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    grown = max(peak, *(mb for _, mb in watch.curve))
    return seconds, cpu_seconds, grown, watch.curve


def first_rows(path: Path) -> list[str]:
    with path.open() as file:
        return [next(file) for _ in range(1 + SAMPLE)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=819)
    parser.add_argument("--plot", type=Path, help="write a picture of the memory of both kinds of votes")
    options = parser.parse_args()
    count = options.photographs
    curves = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_files(folder, count)
        print(f"hard votes of {NUM_FILES} submissions of {count} rows: read, vote, write\n")
        print(f"{'':<24}{'plain s':>10}{'ours s':>9}{'cpu s':>8}{'plain / ours':>14}{'MB more':>9}")
        for title, weights, order in (
            ("equal", None, None),
            ("weighted", WEIGHTS, None),
            ("ties by class", None, CLASS_ORDER),
        ):
            usual, *_ = measured(plain, paths, folder / "plain.csv", weights, order)
            wall, cpu, grown, curves[f"hard votes of {NUM_FILES} files"] = measured(
                ours, paths, folder / "ours.csv", weights, order
            )
            assert first_rows(folder / "plain.csv") == first_rows(folder / "ours.csv"), "the votes differ"
            usual *= count / SAMPLE
            print(f"{title:<24}{usual:>10.1f}{wall:>9.2f}{cpu:>8.2f}{usual / wall:>13.0f}x{grown:>9.0f}")
        print(f"the first {SAMPLE} rows of both are equal; the plain way is timed on them and scaled\n")
        print("soft votes of stored probabilities (coarse, 512x512), to a submission\n")
        print(f"{'members':>8}{'photographs':>13}{'seconds':>10}{'cpu s':>8}{'MB more':>9}{'as float maps, MB':>20}")
        stores = write_stores(folder, count, 5)
        for num_members, num in ((1, count), (5, min(100, count)), (5, count)):
            wall, cpu, grown, curve = measured(soft, stores[:num_members], folder / "soft.csv", num)
            curves[f"soft votes: {num_members} of 5 members, {num} photographs"] = curve
            whole = num_members * num * NUM_CLASSES * FULL**2 * 4 / 2**20
            print(f"{num_members:>8}{num:>13}{wall:>10.1f}{cpu:>8.1f}{grown:>9.0f}{whole:>20,.0f}")
    if options.plot:
        draw_curves(options.plot, curves, LIMIT, f"Memory beyond the program's own, {count} photographs")


if __name__ == "__main__":
    main()
