"""Whatever moment a writer dies at, the same command again ends with the bytes of an uninterrupted run."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trashseg.store import StoreWriter, open_store
from trashseg.store.appending import Tail
from trashseg.store.layout import DATA, HEADER, INDEX
from trashseg.types import DataError

Write = Callable[..., Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def writing_order(whole: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Return the pieces of a store in the order in which the writer writes them."""
    lines = whole[INDEX].splitlines(keepends=True)
    pieces, start = [], 0
    for line in lines:
        length = int(line.split(b'"length": ')[1].split(b",")[0])
        pieces += [(DATA, whole[DATA][start : start + length]), (INDEX, line)]
        start += length
    return pieces


@pytest.mark.parametrize("form", ["probs", "coarse"])
def test_every_moment_of_a_kill(write: Write, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # a thousand of them take a minute on a slow disk
    small = {"count": 2, "form": form, "size": (3, 4)}
    whole = contents(write(**small))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / ".store.a1b2.tmp.json").write_text("{")  # of a header that was being written
    pieces = writing_order(whole)
    assert b"".join(piece for name, piece in pieces if name == DATA) == whole[DATA]
    for cut in range(sum(len(piece) for _, piece in pieces) + 1):
        torn = {HEADER: whole[HEADER], DATA: b"", INDEX: b""}
        for name, piece in pieces:
            torn[name] += piece[:cut]
            cut = max(0, cut - len(piece))
        folder = tmp_path / "torn"
        for name, content in torn.items():
            (folder / name).write_bytes(content)
        assert len(open_store(folder)) == torn[INDEX].count(b"\n")
        assert contents(write(name="torn", **small)) == whole


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from trashseg.store import StoreWriter

torch.set_num_threads(1)
folder, rng = Path(sys.argv[1]), random.Random(7)

def write(name):
    with StoreWriter(folder / name, ["a", "b", "c"], "probs", {}) as store:
        for i in range(200):
            if str(i) not in store.names:
                store.add(str(i), torch.randn(3, 40, 40, generator=torch.Generator().manual_seed(i)).softmax(0))

start = time.perf_counter()
write("whole")
seconds = time.perf_counter() - start
for _ in range(10):
    child = os.fork()
    if not child:
        write("killed")
        os._exit(0)
    time.sleep(rng.uniform(0, seconds / 6))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    index = folder / "killed" / "index.jsonl"
    print(index.read_bytes().count(b"\\n") if index.exists() else 0)
write("killed")
"""


def test_ten_kills_at_random_moments(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    counts = [int(line) for line in result.stdout.split()]
    assert counts == sorted(counts)
    assert len(set(counts) - {0, 200}) > 1, f"the kills came too early or too late to show anything: {counts}"
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_bytes_that_never_reached_the_disk_are_written_again(write: Write) -> None:
    folder = write()
    whole = contents(folder)
    second = open_store(folder)._entries["01.jpg"]
    data = bytearray(whole[DATA])
    data[second.offset : second.end] = bytes(second.length)  # as a file system leaves them after a power cut
    (folder / DATA).write_bytes(data)
    assert contents(write()) == whole


@pytest.mark.parametrize("failing", [0, 1], ids=["map", "line"])
def test_a_full_disk_is_one_line_and_spoils_nothing(
    write: Write, draw: Any, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    folder = write(2)
    real, calls = Tail.append, []

    def append(tail: Tail, piece: bytes) -> None:
        calls.append(piece)
        if len(calls) == failing + 1:
            real(tail, piece[:3])
            tail.end -= 3
            raise OSError(errno.ENOSPC, "No space left on device")
        real(tail, piece)

    before = open_store(folder)
    with StoreWriter(folder, before.classes, "probs", before.about) as store:
        monkeypatch.setattr(Tail, "append", append)
        with pytest.raises(DataError, match=r"cannot be written \(No space left on device\); free some space"):
            store.add("02.jpg", draw(2))
        assert list(store.names) == ["00.jpg", "01.jpg"]
        store.add("02.jpg", draw(2))
        monkeypatch.setattr(Tail, "append", real)
    expected = open_store(write(3, "other"))
    found = open_store(folder)
    assert found.names == expected.names
    assert all(found.probs(name).equal(expected.probs(name)) for name in found)
