"""Writing and reading a submission of 819 photographs: the usual way (join and pandas) against trashseg's.

Each way runs in a process of its own, so that the peak memory is its own. Run: python -m benchmarks.submission
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from trashseg.submission import check_submission, read_submission, write_submission

ROWS = 819
SIDE = 256
NUM_CLASSES = 11
Maps = npt.NDArray[np.uint8]
Result = tuple[float, float]


def blobby_maps(seed: int = 0) -> Maps:
    """Return maps as a network gives them: mostly background, a few smooth regions of the other classes."""
    random = np.random.default_rng(seed)
    maps = np.zeros((ROWS, SIDE, SIDE), dtype=np.uint8)
    for item in maps:
        for _ in range(random.integers(2, 12)):
            centre, axes = random.integers(0, SIDE, 2), random.integers(5, 60, 2)
            ellipse = (centre.tolist(), (2 * axes).tolist(), float(random.uniform(0, 180)))
            cv2.ellipse(item, ellipse, int(random.integers(1, NUM_CLASSES)), -1)
    return maps


def file_names() -> list[str]:
    """Return names like the competition's."""
    return [f"batch_{1 + i % 3:02d}_vt/{i:04d}.jpg" for i in range(ROWS)]


def write_usual(path: Path, maps: Maps) -> None:
    strings = [" ".join(map(str, item.flatten())) for item in maps]
    pd.DataFrame({"image_id": file_names(), "PredictionString": strings}).to_csv(path, index=False)


def write_ours(path: Path, maps: Maps) -> None:
    write_submission(path, file_names(), maps)


def read_usual(path: Path, _: Maps) -> None:
    frame = pd.read_csv(path)
    np.stack([np.array(text.split(" "), dtype=np.uint8) for text in frame["PredictionString"]])


def read_ours(path: Path, _: Maps) -> None:
    read_submission(path)


def check_ours(path: Path, _: Maps) -> None:
    check_submission(path, file_names())


def measure(work: Callable[[Path, Maps], None], path: Path, maps: Maps, repeats: int) -> Result:
    """Return the best time in seconds and the growth of the peak memory in MB, in a fresh forked process."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def job() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            work(path, maps)
            seconds.append(time.perf_counter() - start)
        queue.put((min(seconds), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))

    process = context.Process(target=job)
    process.start()
    result: Result = queue.get()
    process.join()
    return result


def main() -> None:
    """Print one table."""
    maps = blobby_maps()
    print(f"{ROWS} maps of {SIDE}x{SIDE}, {np.mean(maps == 0):.0%} background, {np.mean(maps == 10):.1%} class 10")
    print(f"{'work':<34}{'seconds':>9}{'peak MB more':>14}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        usual, ours = Path(folder) / "usual.csv", Path(folder) / "ours.csv"
        line("write: ' '.join(map(str)) + pandas", base := measure(write_usual, usual, maps, 1))
        line("write: trashseg", measure(write_ours, ours, maps, 5), base)
        line("read: pandas + split", base := measure(read_usual, usual, maps, 1))
        line("read: trashseg", measure(read_ours, ours, maps, 5), base)
        line("read and check: trashseg", measure(check_ours, ours, maps, 5), base)
        print(f"identical bytes: {'yes' if usual.read_bytes() == ours.read_bytes() else 'NO'}")


def line(work: str, result: Result, base: Result | None = None) -> None:
    """Print one row of the table."""
    ratio = f"{base[0] / result[0]:.1f}" if base else ""
    print(f"{work:<34}{result[0]:>9.3f}{result[1]:>14.0f}{ratio:>8}")


if __name__ == "__main__":
    main()
