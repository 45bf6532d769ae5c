"""The CSV against csv and ' '.join(map(str, ...)), and every way in which a file can be wrong."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.submission import (
    HEADER,
    check_submission,
    read_submission,
    shrink_map,
    shrink_max_id,
    write_submission,
)
from trashseg.submission.codec import decode
from trashseg.submission.probs import SHRINKS, shrink_probs
from trashseg.types import DataError

NAMES = ["batch_01_vt/0021.jpg", "batch_02_vt/0003.jpg", "batch_03/0001.jpg"]
SIDE = 8

file_names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=30)


def random_maps(number: int, side: int = SIDE, top: int = 11, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, top, (number, side, side), dtype=np.uint8)


def usual_bytes(names: list[str], maps: np.ndarray) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image_id", "PredictionString"])
    writer.writerows([name, " ".join(map(str, ids.ravel().tolist()))] for name, ids in zip(names, maps, strict=True))
    return text.getvalue().encode()


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(file_names, min_size=1, max_size=4),
    side=st.integers(1, 12),
    top=st.sampled_from([1, 2, 10, 11, 12, 61, 100]),
    seed=st.integers(0, 2**32 - 1),
)
def test_same_bytes_as_csv_and_back(tmp_path_factory, names, side, top, seed):
    path = tmp_path_factory.mktemp("submission") / "submission.csv"
    maps = random_maps(len(names), side, top, seed)
    write_submission(path, names, iter(maps))
    assert path.read_bytes() == usual_bytes(names, maps)
    back = read_submission(path)
    assert back.names == names
    assert back.maps.dtype == np.uint8
    np.testing.assert_array_equal(back.maps, maps)


def plain_ids(text: bytes) -> list[int] | None:
    """Read ids as Python does: tokens parted by one space, each written as its number is."""
    tokens = text.split(b" ")
    right = all(token.isdigit() and len(token) <= 2 and b"%d" % int(token) == token for token in tokens)
    return [int(token) for token in tokens] if right else None


@settings(max_examples=400, deadline=None)
@given(st.one_of(
    st.text("0 1", max_size=12),
    st.text("019: /;x", max_size=9),
    st.lists(st.sampled_from(["0", "3", "10", "10", "11", "42", "99"]), max_size=40).map(" ".join),
    st.lists(st.sampled_from(["0", "10", "010", "100", "1010", "-1", ":", ""]), max_size=4).map(" ".join),
))  # fmt: skip
def test_decoded_as_python_does(text):
    ids = decode(text.encode())
    assert (None if ids is None else ids.tolist()) == plain_ids(text.encode())


def test_full_size_report(tmp_path):
    maps = random_maps(3, 256)
    write_submission(tmp_path / "s.csv", NAMES, maps)
    report = check_submission(tmp_path / "s.csv", NAMES)
    assert (report.rows, report.side) == (3, 256)
    np.testing.assert_allclose(report.shares, [(maps == k).mean() for k in range(11)])
    assert "3 rows" in str(report)


def test_maps_are_taken_one_at_a_time(tmp_path):
    taken: list[int] = []

    def source():
        for index, ids in enumerate(random_maps(3, 256)):
            taken.append(index)
            assert not (tmp_path / "s.csv").exists()
            yield ids

    write_submission(tmp_path / "s.csv", NAMES, source())
    assert taken == [0, 1, 2]
    assert (tmp_path / "s.csv").exists()


@pytest.mark.parametrize("number", [2, 4])
def test_number_of_names_and_maps(tmp_path, number):
    with pytest.raises(ValueError, match="zip"):
        write_submission(tmp_path / "s.csv", NAMES, random_maps(number))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "maps",
    [
        [np.zeros((8, 8), np.int64)],
        [np.zeros((8, 8), np.uint8), np.zeros((8, 7), np.uint8)],
        [np.full((8, 8), 255, np.uint8)],
        [np.full((8, 8), 100, np.uint8)],
        [np.zeros((0, 0), np.uint8)],
    ],
)
def test_refuses_odd_maps(tmp_path, maps):
    with pytest.raises(ValueError, match="a map"):
        write_submission(tmp_path / "s.csv", NAMES[: len(maps)], maps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a\nb.jpg", "a\rb.jpg", "\udcff.jpg"])
def test_refuses_odd_names(tmp_path, name):
    with pytest.raises(DataError, match="rename the photograph"):
        write_submission(tmp_path / "s.csv", [name], random_maps(1))
    assert list(tmp_path.iterdir()) == []


def broken(tmp_path: Path, change) -> Path:
    """Write a sound file of three rows, let ``change`` edit its lines, and return the path."""
    path = tmp_path / "broken.csv"
    lines = usual_bytes(NAMES, random_maps(3)).splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    return path


def set_id(line: bytes, position: int, text: bytes) -> bytes:
    name, ids = line.rstrip(b"\n").split(b",")
    parts = ids.split(b" ")
    parts[position] = text
    return name + b"," + b" ".join(parts) + b"\n"


FORM = {
    "empty file": (lambda _: [], "line 1: ''. Write image_id,PredictionString"),
    "no header": (lambda rows: rows[1:], "line 1: .batch_01_vt"),
    "index column": (lambda rows: [b"," + rows[0], *rows[1:]], "line 1: .,image_id"),
    "byte order mark": (lambda rows: [b"\xef\xbb\xbf" + rows[0], *rows[1:]], "line 1: a byte order mark"),
    "CRLF": (lambda rows: [row[:-1] + b"\r\n" for row in rows], "line 1: a Windows line end"),
    "CRLF in a row": (lambda rows: [*rows[:2], rows[2][:-1] + b"\r\n"], "line 3: a Windows line end"),
    "cut off": (lambda rows: [*rows[:3], rows[3][:-1]], "line 4: no line end"),
    "blank line": (lambda rows: [*rows[:2], b"\n", *rows[2:]], "line 3: .*without a comma"),
    "no name": (lambda rows: [rows[0], b"," + rows[1].split(b",")[1]], "line 2: .*without a name"),
    "no comma": (lambda rows: [rows[0], rows[1].replace(b",", b" ")], "line 2: .*without a comma"),
    "three columns": (lambda rows: [rows[0], b"0," + rows[1]], "line 2: 3 columns"),
    "bad quoting": (lambda rows: [rows[0], b'"' + rows[1]], "line 2: .*unexpected end"),
    "not UTF-8": (lambda rows: [rows[0], b"\xff" + rows[1]], "line 2: .*utf-8"),
    "a point": (lambda rows: [rows[0], set_id(rows[1], 4, b"1.0")], "line 2: '1.0' as id 5"),
    "a word": (lambda rows: [rows[0], set_id(rows[1], 0, b"nan")], "line 2: 'nan' as id 1"),
    "a sign": (lambda rows: [rows[0], set_id(rows[1], 63, b"-1")], "line 2: '-1' as id 64"),
    "leading zero": (lambda rows: [rows[0], set_id(rows[1], 1, b"01")], "line 2: '01' as id 2"),
    "three digits": (lambda rows: [rows[0], set_id(rows[1], 1, b"255")], "line 2: '255' as id 2"),
    "many digits": (lambda rows: [rows[0], set_id(rows[1], 1, b"1" * 9999)], "line 2: '1{40}'... as id 2"),
    "two spaces": (lambda rows: [rows[0], set_id(rows[1], 2, b"")], "line 2: nothing .* as id 3"),
    "a space at the end": (lambda rows: [rows[0], rows[1][:-1] + b" \n"], "line 2: nothing .* as id 65"),
    "a tab": (lambda rows: [rows[0], rows[1].replace(b" ", b"\t", 1)], "line 2: .* as id 1"),
    "no ids": (lambda rows: [rows[0], b"a.jpg,\n"], "line 2: nothing .* as id 1"),
    "non-ASCII digit": (lambda rows: [rows[0], set_id(rows[1], 2, "²".encode())], "line 2: '²' as id 3"),
    "a mark of the writer": (lambda rows: [rows[0], set_id(rows[1], 2, b"\x80")], "line 2: .* as id 3"),
}


@pytest.mark.parametrize("case", FORM)
def test_form_is_checked(tmp_path, case):
    change, message = FORM[case]
    path = broken(tmp_path, change)
    for call in (read_submission, lambda path: check_submission(path, NAMES, side=SIDE)):
        with pytest.raises(DataError, match=message) as caught:
            call(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


CONTENT = {
    "missing last row": (lambda rows: rows[:3], r"line 4: the end, with 1 of 3 rows missing. Next must come batch_03"),
    "missing first row": (lambda rows: [rows[0], *rows[2:]], "line 2: batch_02_vt/0003.jpg out of its order"),
    "header only": (lambda rows: rows[:1], "line 2: the end, with 3 of 3"),
    "order": (lambda rows: [rows[0], rows[2], rows[1], rows[3]], "line 2: batch_02.* must come batch_01_vt/0021.jpg"),
    "twice": (lambda rows: [*rows[:2], rows[1], rows[3]], "line 3: batch_01_vt/0021.jpg, which line 2 has already"),
    "one more": (lambda rows: [*rows, b"x.jpg,0\n"], "line 5: x.jpg, which is not a test.*3 rows and no more"),
    "foreign": (lambda rows: [rows[0], b"x" + rows[1], *rows[2:]], "line 2: xbatch_01.*not a test photograph"),
    "too few ids": (lambda rows: [*rows[:3], rows[3].replace(b",0 ", b",").replace(b",", b",0 ")[:-3] + b"\n"], "ids"),
    "one id": (lambda rows: [*rows[:3], NAMES[2].encode() + b",0\n"], r"line 4: 1 ids. Write 64 \(8x8\)"),
    "id out of range": (lambda rows: [*rows[:2], set_id(rows[2], 9, b"11"), rows[3]], r"line 3: the id 11. .*0\.\.10"),
}


@pytest.mark.parametrize("case", CONTENT)
def test_content_is_checked(tmp_path, case):
    change, message = CONTENT[case]
    with pytest.raises(DataError, match=message):
        check_submission(broken(tmp_path, change), NAMES, side=SIDE)


def test_read_needs_equal_squares(tmp_path):
    with pytest.raises(DataError, match=r"line 2: 3 ids.*square"):
        read_submission(broken(tmp_path, lambda rows: [rows[0], b"a.jpg,1 2 3\n"]))
    with pytest.raises(DataError, match=r"line 3: 4 ids.*64 as in line 2"):
        read_submission(broken(tmp_path, lambda rows: [*rows[:2], b"a.jpg,1 2 3 4\n"]))
    with pytest.raises(DataError, match="nothing after the header"):
        read_submission(broken(tmp_path, lambda rows: rows[:1]))


def test_missing_file(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_submission(path)


def test_header_is_the_competition_s():
    assert HEADER == b"image_id,PredictionString\n"


@pytest.mark.parametrize("size", [(512, 512), (300, 517), (1000, 773), (100, 64), (256, 256), (1, 3)])
@pytest.mark.parametrize("side", [256, 100])
def test_nearest_is_opencv_s(size, side):
    pred = np.random.default_rng(1).integers(0, 11, size, dtype=np.uint8)
    expected = cv2.resize(pred, (side, side), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(shrink_map(pred, side), expected)


@pytest.mark.parametrize("size", [(512, 512), (300, 517), (64, 100)])
def test_max_id_takes_the_block_s_largest(size):
    pred = np.random.default_rng(2).integers(0, 11, size, dtype=np.uint8)
    got = shrink_max_id(pred)
    edges = [[*(np.arange(256) * length // 256), length] for length in size]
    for row, column in np.random.default_rng(3).integers(0, 256, (200, 2)):
        top, bottom = edges[0][row : row + 2]
        left, right = edges[1][column : column + 2]
        assert got[row, column] == pred[top : max(bottom, top + 1), left : max(right, left + 1)].max()


@pytest.mark.parametrize("size", [(64, 64), (48, 60), (24, 40), (33, 57), (5, 3)])
@pytest.mark.parametrize("kind", ["numpy", "torch", "half"])
def test_probabilities_are_averaged_by_area(size, kind):
    probs = np.random.default_rng(4).dirichlet(np.ones(5), size).transpose(2, 0, 1).astype(np.float32)
    side = 16
    # every pixel repeated side times on each axis makes exact blocks of any size
    fine = probs.repeat(side, axis=1).repeat(side, axis=2)
    means = fine.reshape(5, side, size[0], side, size[1]).mean(axis=(2, 4))
    given = {"numpy": probs, "torch": torch.from_numpy(probs), "half": torch.from_numpy(probs).half()}[kind]
    got = shrink_probs(given, side)
    assert got.dtype == np.uint8
    assert got.shape == (side, side)
    top = np.sort(means, axis=0)
    clear = top[-1] - top[-2] > (1e-2 if kind == "half" else 1e-5)
    assert clear.mean() > 0.7
    np.testing.assert_array_equal(got[clear], means.argmax(axis=0)[clear])


def test_every_way_to_shrink_starts_from_probabilities():
    probs = torch.from_numpy(np.random.default_rng(6).dirichlet(np.ones(4), (512, 768)).transpose(2, 0, 1).copy())
    ids = probs.numpy().argmax(0).astype(np.uint8)
    blocks = probs.numpy().reshape(4, 256, 2, 256, 3)
    expected = {
        "nearest": ids[::2, ::3],
        "area": blocks.mean((2, 4)).argmax(0),
        "max_id": ids.reshape(256, 2, 256, 3).max((1, 3)),
    }
    assert expected.keys() == SHRINKS.keys()
    for name, shrink in SHRINKS.items():
        np.testing.assert_array_equal(shrink(probs), expected[name], err_msg=name)
