"""Drawing a share of a set's scenes into a folder, here or in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from trashseg.data.synthetic.annotate import annotate
from trashseg.data.synthetic.scene import draw_scene

_QUALITY = 92
_WORTHWHILE = 60 * 256 * 256  # pixels a process must have to draw before its start (about 0.6 s) pays

Annotations = list[dict[str, Any]]


class Job(NamedTuple):
    """One scene to draw: number of its split (0 training, 1 validation, 2 test), place in it, file name."""

    split: int
    number: int
    file_name: str


def draw_jobs(folder: Path, jobs: Sequence[Job], seed: int, size: int) -> list[Annotations]:
    """Draw ``jobs`` into ``folder``, on several processors where that pays.

    Returns:
        The annotations of each job, in the order of ``jobs``.
    """
    num = max(1, min(_num_processors(), len(jobs) * size * size // _WORTHWHILE))
    shares = [list(jobs[start::num]) for start in range(num)]
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(_worker(folder, share, seed, size)) for share in shares[1:]]
        drawn = [draw_share(folder, shares[0], seed, size)]
        for share, worker in zip(shares[1:], workers, strict=True):
            drawn.append(_collect(worker) or draw_share(folder, share, seed, size))
    results: list[Annotations] = [[] for _ in jobs]
    for start, found in enumerate(drawn):
        results[start::num] = found
    return results


def draw_share(folder: Path, jobs: Sequence[Job], seed: int, size: int) -> list[Annotations]:
    """Draw ``jobs`` one after the other: JPEG files under ``folder``, annotations returned."""
    results = []
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # sprites are small: OpenCV's threads cost more than they bring
    try:
        for job in jobs:
            results.append(_draw(folder, job, seed, size))
    finally:
        cv2.setNumThreads(threads)
    return results


def _draw(folder: Path, job: Job, seed: int, size: int) -> Annotations:
    scene = draw_scene(seed, job.split, job.number, size)
    _, code = cv2.imencode(".jpg", scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    (folder / job.file_name).write_bytes(code.tobytes())
    return annotate(scene)


def _num_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def _worker(folder: Path, jobs: Sequence[Job], seed: int, size: int) -> Iterator[subprocess.Popen[str]]:
    """Start a process that draws ``jobs``; it is ended with the block.

    A plain interpreter instead of multiprocessing: forking after torch has started threads is unsafe, and
    multiprocessing's spawn would import the verb that runs, torch included, once more.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    command = [sys.executable, "-m", "trashseg.data.synthetic.share"]
    order = json.dumps({"folder": str(folder.absolute()), "jobs": jobs, "seed": seed, "size": size})
    process = subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it died at once; _collect sees that
                process.stdin.write(order)
                process.stdin.close()
        yield process
    finally:
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def _collect(worker: subprocess.Popen[str]) -> list[Annotations] | None:
    """Wait for a process's annotations; None where it failed, and its share is then drawn here, error and all."""
    text = worker.stdout.read() if worker.stdout is not None else ""
    if worker.wait() != 0:
        return None
    found: list[Annotations] = json.loads(text)
    return found


def _serve() -> None:
    """Draw the share that stands on standard input and print its annotations."""
    order = json.load(sys.stdin)
    jobs = [Job(*job) for job in order["jobs"]]
    json.dump(draw_share(Path(order["folder"]), jobs, order["seed"], order["size"]), sys.stdout)


if __name__ == "__main__":
    _serve()
