"""Writing and reading: names, order, several readers, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from trashseg.store import Store, StoreWriter, open_store
from trashseg.store.layout import DATA, HEADER, INDEX
from trashseg.types import DataError

CLASSES = ("Background", "Paper", "Metal", "Glass", "Battery")
Write = Callable[..., Path]


def test_a_reader_knows_what_was_written(write: Write) -> None:
    store = open_store(write(3))
    assert store.names == tuple(store) == ("00.jpg", "01.jpg", "02.jpg")
    assert len(store) == 3
    assert "01.jpg" in store
    assert "03.jpg" not in store
    assert store.classes == CLASSES
    assert store.form == "probs"
    assert store.about == {"checkpoint": "abc", "tta": {"scales": [0.5, 1.0]}}
    assert store.sizes == dict.fromkeys(store.names, (37, 50))


def test_photographs_of_any_size_and_name(tmp_path: Path, draw: Any) -> None:
    sizes = {"batch 1/종이.jpg": (8, 9), 'a"b\n.jpg': (20, 3), "c\u2028": (1, 1)}
    with StoreWriter(tmp_path, CLASSES, "coarse", {}) as writer:
        for seed, (name, size) in enumerate(sizes.items()):
            writer.add(name, draw(seed, size))
        assert list(writer.names) == list(sizes)
    store = open_store(tmp_path)
    assert store.sizes == sizes
    assert [tuple(store.probs(name).shape) for name in sizes] == [(5, *size) for size in sizes.values()]


def test_items_are_in_order_and_decoded_ahead_by_one_thread(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(write(4))
    threads, asked, real = set(), [], Store.probs

    def probs(self: Store, name: str) -> torch.Tensor:
        threads.add(threading.current_thread())
        asked.append(name)
        return real(self, name)

    monkeypatch.setattr(Store, "probs", probs)
    seen = []
    for name, maps in store.items():
        seen.append(name)
        assert maps.equal(real(store, name))
        assert len(asked) <= len(seen) + 1  # so that memory does not grow with the number of photographs
    assert seen == list(store.names) == asked
    assert len(threads) == 1
    assert threading.current_thread() not in threads
    assert [name for name, _ in store.items(["02.jpg", "00.jpg"])] == ["02.jpg", "00.jpg"]
    assert list(store.items([])) == []


def test_an_error_of_the_thread_reaches_the_reader(write: Write) -> None:
    with pytest.raises(DataError, match=r"00.jgp is not in .*Did you mean"):
        list(open_store(write(2)).items(["01.jpg", "00.jgp"]))


def test_processes_and_copies_read_the_same(write: Write) -> None:
    store = open_store(write(3))
    expected = [store.probs(name).sum((1, 2)).tolist() for name in store]
    copy = pickle.loads(pickle.dumps(store))
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        for _ in range(5):
            assert pool.starmap(sums, [(copy, name) for name in store]) == expected


def sums(store: Store, name: str) -> list[float]:
    values: list[float] = store.probs(name).sum((1, 2)).tolist()
    return values


def test_a_reader_sees_whole_entries_while_a_writer_adds(write: Write, draw: Any) -> None:
    folder = write(2)
    with StoreWriter(folder, CLASSES, "probs", open_store(folder).about) as writer:
        writer.add("next", draw(9))
        assert open_store(folder).names == ("00.jpg", "01.jpg", "next")
        assert torch.equal(open_store(folder).probs("next").argmax(0), draw(9).argmax(0))


@pytest.mark.parametrize(
    ("classes", "form", "about", "words"),
    [
        (CLASSES[::-1], "probs", {"from": 1}, "classes="),
        (CLASSES, "coarse", {"from": 1}, "form=probs, these have form=coarse"),
        (CLASSES, "probs", {"from": 2}, "about.from=1, these have about.from=2"),
        (CLASSES, "probs", {}, "about.from=1, these have about.from=None"),
        (CLASSES, "probs", {"from": 1, "tta": "flip"}, "about.tta=None, these have about.tta=flip"),
    ],
)
def test_other_predictions_are_refused(tmp_path: Path, classes: Any, form: str, about: Any, words: str) -> None:
    StoreWriter(tmp_path, CLASSES, "probs", {"from": 1}).close()
    with pytest.raises(DataError, match="choose another folder or remove this one") as caught:
        StoreWriter(tmp_path, classes, form, about)
    assert words in str(caught.value)


def test_two_processes_do_not_write_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with StoreWriter(folder, CLASSES, "probs", {}), multiprocessing.get_context("fork").Pool(1) as pool:
        open_store(folder)  # reading must not lose the lock
        assert "another process is writing to" in pool.apply(refusal, (folder,))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(refusal, (folder,)) == ""


def refusal(folder: Path) -> str:
    try:
        StoreWriter(folder, CLASSES, "probs", {}).close()
    except DataError as error:
        return str(error)
    return ""


def test_a_second_close_does_nothing(tmp_path: Path) -> None:
    with StoreWriter(tmp_path, CLASSES, "probs", {}) as writer:
        writer.close()


def bad_maps() -> dict[str, torch.Tensor]:
    even = torch.full((5, 4, 4), 0.2)
    negative = even.clone()
    negative[:2, 0, 0] = torch.tensor([-0.2, 0.6])
    return {
        "logits": 3 * even,
        "negative": negative,
        "nan": even.where(torch.rand(5, 4, 4) < 0.5, torch.nan),
        "ids": even.long(),
        "classes": even[:4] * 1.25,
        "batch": even[None],
    }


@pytest.mark.parametrize("kind", bad_maps())
def test_what_is_no_probability_is_refused(tmp_path: Path, kind: str) -> None:
    with StoreWriter(tmp_path, CLASSES, "probs", {}) as writer:
        with pytest.raises(ValueError, match="probs are"):
            writer.add("a", bad_maps()[kind])
        assert not writer.names


def test_a_name_goes_in_once(tmp_path: Path, draw: Any) -> None:
    with StoreWriter(tmp_path, CLASSES, "probs", {}) as writer:
        writer.add("a", draw())
        with pytest.raises(ValueError, match="a is in the store already"):
            writer.add("a", draw())


def test_damage_is_told_from_absence(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no prediction store: it has no store.json; make one with trashseg predict"):
        open_store(tmp_path / "nowhere")
    folder = write(2)
    data = bytearray((folder / DATA).read_bytes())
    data[5] ^= 1
    (folder / DATA).write_bytes(data)
    with pytest.raises(DataError, match=r"the bytes of 00.jpg are damaged"):
        open_store(folder).probs("00.jpg")
    assert open_store(folder).probs("01.jpg").shape == (5, 37, 50)
    header = json.loads((folder / HEADER).read_text())
    (folder / HEADER).write_text(json.dumps({**header, "version": 2}))
    with pytest.raises(DataError, match="is of version 2, this trashseg reads version 1"):
        open_store(folder)
    (folder / HEADER).write_text("{")
    with pytest.raises(DataError, match="is damaged; remove"):
        open_store(folder)


@pytest.mark.parametrize("line", ["{}", "[]", "1", "nonsense", '{"name": 1}'])
def test_entries_behind_a_broken_line_do_not_count(write: Write, line: str) -> None:
    folder = write(3)
    lines = (folder / INDEX).read_text().splitlines()
    (folder / INDEX).write_text("\n".join([lines[0], line, lines[2], ""]))
    assert open_store(folder).names == ("00.jpg",)
    assert open_store(write(3)).names == ("00.jpg", "01.jpg", "02.jpg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        StoreWriter(tmp_path / "store", CLASSES, "probs", {})


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    with pytest.raises(DataError, match="cannot be written"):
        StoreWriter(tmp_path / "store", CLASSES, "probs", {})
