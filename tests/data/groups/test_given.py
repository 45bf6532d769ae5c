"""Groups by names and by EXIF times."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from trashseg.data.groups import groups_by_name, groups_by_time
from trashseg.types import ConfigError, DataError


def shot(path: Path, time: str | None, model: str = "A") -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = model
    if time is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"2024:05:06 {time}"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_names_that_give_the_same_make_a_group() -> None:
    names = ["a/scene_1_shot1.jpg", "b/scene_2_shot1.jpg", "a/scene_1_shot2.jpg", "other.jpg", "another.jpg"]
    groups = groups_by_name(names, r"(scene_\d+)_shot")
    assert groups.labels.tolist() == [0, 1, 0, 2, 3]
    assert groups.pairs[0].kind == "name"
    assert "scene_1" in groups.pairs[0].reason
    assert groups_by_name(names, r"^(\w)/.*_(shot1)?").labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("pattern", "kind", "word"),
    [("(", ConfigError, "not a regular"), ("scene", ConfigError, "parentheses"), (r"(zoo\d)", DataError, "none of 2")],
)
def test_useless_patterns_are_refused(pattern: str, kind: type[Exception], word: str) -> None:
    with pytest.raises(kind, match=word):
        groups_by_name(["scene_1.jpg", "scene_2.jpg"], pattern)


def test_shots_of_one_camera_within_seconds_make_a_chain(tmp_path: Path) -> None:
    taken = ["10:00:00", "10:00:25", "09:59:50", "10:00:10", "10:01:30", None]
    paths = [shot(tmp_path / f"{i}.jpg", time) for i, time in enumerate(taken)]
    groups = groups_by_time(paths, 15)
    assert groups.labels.tolist() == [0, 0, 0, 0, 1, 2]
    assert {pair.score for pair in groups.pairs} == {10.0, 15.0}
    assert groups_by_time(paths, 14).labels.tolist() == [0, 1, 0, 0, 2, 3]


def test_two_cameras_are_never_one_group(tmp_path: Path) -> None:
    paths = [shot(tmp_path / f"{i}.jpg", "10:00:00", model) for i, model in enumerate("ABA")]
    assert groups_by_time(paths, 60).labels.tolist() == [0, 1, 0]


def test_times_that_cannot_be_had_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of 1 photographs says when"):
        groups_by_time([shot(tmp_path / "a.jpg", None)], 10)
    with pytest.raises(DataError, match="cannot be read"):
        groups_by_time([tmp_path / "missing.jpg"], 10)
    with pytest.raises(ConfigError, match="-1"):
        groups_by_time([], -1)
