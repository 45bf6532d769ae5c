"""The plain commands on submissions: compare, validate, vote, to masks and back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from trashseg.submission import read_submission, write_submission
from trashseg.submissions.commands import main

NAMES = ["batch_01/0001.jpg", "batch_02/0002.jpg", 'batch_02/a,"b".jpg']
Maps = npt.NDArray[np.uint8]


@pytest.fixture
def maps() -> Maps:
    return np.random.default_rng(0).integers(11, size=(3, 256, 256)).astype(np.uint8)


@pytest.fixture
def csv(tmp_path: Path, maps: Maps) -> Path:
    write_submission(tmp_path / "a.csv", NAMES, maps)
    return tmp_path / "a.csv"


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        main([str(each) for each in arguments])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_compare_counts_pixels(csv: Path, maps: Maps, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = maps.copy()
    changed[1, :64, :64] = (maps[1, :64, :64] + 1) % 11
    order = [2, 0, 1]
    write_submission(tmp_path / "b.csv", [NAMES[i] for i in order], changed[order])
    main(["compare", str(csv), str(tmp_path / "b.csv"), "--out", str(tmp_path / "out.png")])
    out = capsys.readouterr().out
    assert f"{1 - 64 * 64 / maps.size:.2%} of the pixels agree" in out
    assert "1 of 3 photographs differ" in out
    count = int((maps[1, :64, :64] == 0).sum())
    assert f"Background became General trash: {count / maps.size:.2%}" in out
    assert cv2.imread(str(tmp_path / "out.png")) is not None


def test_equal_files_have_no_picture(csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", str(csv), str(csv), "--out", str(tmp_path / "out.png")])
    assert "100.00% of the pixels agree" in capsys.readouterr().out
    assert not (tmp_path / "out.png").exists()


def test_votes(csv: Path, maps: Maps, tmp_path: Path) -> None:
    other = (maps + 1) % 11
    write_submission(tmp_path / "b.csv", NAMES[::-1], other[::-1])
    files, out = [str(csv), str(tmp_path / "b.csv")], tmp_path / "out.csv"
    main(["vote", *files, "--out", str(out)])
    np.testing.assert_array_equal(read_submission(out).maps, maps)  # ties: the first file
    main(["vote", *files, "--out", str(out), "--weights", "1,2"])
    np.testing.assert_array_equal(read_submission(out).maps, other)
    main(["vote", *files, "--out", str(out), "--tie-break", "Clothing,Battery"])
    found = read_submission(out).maps
    assert (found[(maps == 10) | (other == 10)] == 10).all()
    assert read_submission(out).names == NAMES


@pytest.mark.parametrize("order", [[0, 2, 1], [1, 2, 0]])
def test_votes_of_files_in_another_order(csv: Path, maps: Maps, tmp_path: Path, order: list[int]) -> None:
    write_submission(tmp_path / "b.csv", [NAMES[i] for i in order], maps[order])
    main(["vote", str(csv), str(tmp_path / "b.csv"), "--out", str(tmp_path / "out.csv"), "--weights", "1,2"])
    assert (tmp_path / "out.csv").read_bytes() == csv.read_bytes()


def test_masks_there_and_back(csv: Path, maps: Maps, tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text(
        '{"images": [' + ",".join(
            f'{{"id": {i}, "file_name": "{name}", "height": 512, "width": 512}}' for i, name in enumerate(NAMES[:2])
        ) + '], "categories": [], "annotations": []}'
    )  # fmt: skip
    main(["to-masks", str(csv), str(tmp_path / "png"), "--size", "512"])
    stored = cv2.imread(str(tmp_path / "png" / "batch_01" / "0001.png"), cv2.IMREAD_UNCHANGED)
    assert stored.shape[:2] == (512, 512)
    main(["from-masks", str(tmp_path / "png"), "--test", str(tmp_path / "test.json"), "--out", str(tmp_path / "b.csv")])
    back = read_submission(tmp_path / "b.csv")
    assert back.names == NAMES[:2]
    np.testing.assert_array_equal(back.maps, maps[:2])


def test_validate(csv: Path, maps: Maps, capsys: pytest.CaptureFixture[str]) -> None:
    main(["validate", str(csv)])
    out = capsys.readouterr().out
    assert "3 rows of 256x256" in out
    assert f"Battery{(maps == 9).mean():17.2%}" in out


def test_bad_input(csv: Path, tmp_path: Path, maps: Maps, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read" in refused(capsys, "validate", tmp_path / "no.csv")
    assert "give 1 numbers" in refused(capsys, "vote", csv, "--out", tmp_path / "o.csv", "--weights", "1,2")
    assert "Did you mean Battery" in refused(capsys, "vote", csv, "--out", tmp_path / "o.csv", "--tie-break", "Batery")
    write_submission(tmp_path / "b.csv", NAMES[:2], maps[:2])
    assert "same photographs" in refused(capsys, "compare", csv, tmp_path / "b.csv")
    assert "same photographs" in refused(capsys, "vote", csv, tmp_path / "b.csv", "--out", tmp_path / "o.csv")
    assert "same photographs" in refused(capsys, "vote", tmp_path / "b.csv", csv, "--out", tmp_path / "o.csv")
    write_submission(tmp_path / "small.csv", NAMES, maps[:, ::2, ::2])
    message = refused(capsys, "vote", csv, tmp_path / "small.csv", "--out", tmp_path / "o.csv")
    assert "line 2: 16384 ids. Write 65536" in message
    assert not (tmp_path / "o.csv").exists()
    write_submission(tmp_path / "twice.csv", [NAMES[0], NAMES[0]], maps[:2])
    assert "which line 2 has already" in refused(capsys, "vote", tmp_path / "twice.csv", "--out", tmp_path / "o.csv")
