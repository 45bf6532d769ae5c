from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from trashseg.data.index import open_index
from trashseg.data.prepared import find_problems, prepare
from trashseg.types import ConfigError, DataError


def spoil(data: Any, tmp_path: Path) -> None:
    """Put one of each fault of a photograph into ten images."""
    for i in range(4, 10):
        name = f"batch/{i:04d}.jpg"
        data.photograph(name, (40, 60), seed=i)
        data.tree["images"].append({"id": i, "file_name": name, "height": 40, "width": 60})
    batch = data.root / "batch"
    (batch / "0001.jpg").unlink()
    (batch / "0002.jpg").write_bytes((batch / "0002.jpg").read_bytes()[:900])
    data.photograph("batch/0003.jpg", (41, 60))
    turned = Image.new("RGB", (60, 40))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(batch / "0004.jpg", exif=exif)
    (batch / "0005.jpg").rename(tmp_path / "outside.jpg")
    (batch / "0005.jpg").symlink_to(tmp_path / "outside.jpg")
    (tmp_path / "elsewhere").mkdir()
    (batch / "0006.jpg").rename(tmp_path / "elsewhere" / "0006.jpg")
    (data.root / "linked").symlink_to(tmp_path / "elsewhere")
    data.tree["images"][6]["file_name"] = "linked/0006.jpg"
    (batch / "0007.jpg").rename(batch / "0007.JPG")
    (batch / "0008.jpg").unlink()
    (batch / "0008.jpg").mkdir()


SAID = {
    1: "does not exist",
    2: "truncated",
    3: r"41 x 60 \(height x width\), the JSON says 40 x 60",
    4: "60 x 40 .*40 x 60.*before the EXIF orientation",
    5: "link out of data.root",
    6: "link out of data.root",
    7: r"0007.jpg does not exist \(0007.JPG does\)",
    8: "not a file",
}


def test_faults_of_photographs(
    data: Any, ready: Any, cache: Path, class_of: dict[int, int], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(data, tmp_path)
    del class_of[7]
    index = open_index(data.write(), cache)
    problems = find_problems(index, data.root, class_of, 4, cache_dir=cache)
    assert [p.where for p in problems[:-1]] == [index.where(i) for i in SAID]
    for problem, said in zip(problems, SAID.values(), strict=False):
        assert problem.file == str(data.json)
        assert re.search(said, problem.what)
    assert problems[-1].where == "category 7 (Glass)"
    with pytest.raises(DataError, match="9 problems"):
        ready(class_of=class_of)
    with caplog.at_level(logging.WARNING):
        split = ready(class_of=class_of, on_bad="skip")
    assert split.names == ["batch/0000.jpg", "batch/0009.jpg"]
    assert split.positions.tolist() == [0, 9]
    assert split.problems == tuple(problems)
    (record,) = caplog.records
    assert "8 of 10 images and 6 of 8 annotations because of 9 problems" in record.getMessage()
    assert split.mask(0).any()
    assert not split.mask(1).any()


def test_links_inside_the_root_are_fine(data: Any, ready: Any) -> None:
    (data.root / "batch/0001.jpg").unlink()
    (data.root / "batch/0001.jpg").symlink_to(data.root / "batch/0000.jpg")
    (data.root / "again").symlink_to(data.root / "batch")
    data.tree["images"][2]["file_name"] = "again/0002.jpg"
    assert len(ready()) == 4


def test_wrong_root_is_one_problem(data: Any, cache: Path, class_of: dict[int, int], tmp_path: Path) -> None:
    index = open_index(data.write(), cache)
    (tmp_path / "bare").mkdir()
    (problem,) = find_problems(index, tmp_path / "bare", class_of, 4, cache_dir=cache)
    assert "none of its 4 photographs" in problem.what
    assert "data.root" in problem.remedy
    with pytest.raises(DataError, match=r"data\.root"):
        prepare(index, tmp_path / "nowhere", class_of, 4, cache_dir=cache)


def test_nothing_left_is_an_error_also_when_skipping(data: Any, ready: Any) -> None:
    for i in range(4):
        (data.root / f"batch/000{i}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="4 problems"):
        ready(on_bad="skip")
    data.tree |= {"images": [], "annotations": []}
    with pytest.raises(DataError, match="no images"):
        ready(on_bad="skip")


def test_bad_annotations_stop_or_are_skipped(data: Any, ready: Any) -> None:
    data.tree["annotations"][0]["segmentation"] = [[1, 1, float("nan"), 3, 4, 4]]
    with pytest.raises(DataError, match=r"annotation 0: .*NaN"):
        ready()
    assert len(ready(on_bad="skip")) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order": "area"}, "area_desc"),
        ({"on_bad": "skp"}, "skip"),
        ({"max_side": 0}, "max_side is 0"),
        ({"class_of": {1: 4, 2: 1, 7: 1}}, "0 to 3"),
    ],
)
def test_wrong_options(ready: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ready(**options)


def test_full_disk_is_said_beforehand(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4 * 2400 - 1}))
    with pytest.raises(DataError, match="TRASHSEG_CACHE"):
        ready()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4 * 2400}))
    assert len(ready()) == 4
