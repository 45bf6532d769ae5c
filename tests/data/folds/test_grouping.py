"""Groups as the config names them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from trashseg.data.folds.grouping import Alone, ByName, Given
from trashseg.types import DataError

NAMES = ["a/s1_0.jpg", "a/s2_0.jpg", "b/s1_1.jpg", "b/x.jpg"]
PATHS = [Path(name) for name in NAMES]


def labels(grouping: Alone | ByName | Given, cache: Path) -> list[int]:
    return grouping.groups(PATHS, NAMES, cache).labels.tolist()


def test_alone_and_by_name(cache: Path) -> None:
    assert labels(Alone(), cache) == [0, 1, 2, 3]
    assert labels(ByName(r"(s\d+)_"), cache) == [0, 1, 0, 2]


def test_given_by_a_table(tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = tmp_path / "groups.csv"
    # As a spreadsheet saves it: a mark at the start, its own order, further columns.
    table.write_text("\ufeffgroup,name,note\n7,b/x.jpg,\n7,a/s1_0.jpg,two\nb/s1_1.jpg,a/s2_0.jpg,\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert labels(Given(str(table)), cache) == [0, 1, 2, 0]
    assert "1 photographs are not in" in caplog.text


@pytest.mark.parametrize(
    ("text", "word"),
    [("name,group\na/s1_9.jpg,1\n", r"lists 'a/s1_9\.jpg'\. Did you mean a/s1_0\.jpg"),
     ("a/s1_0.jpg,1\n", "first line"), ("name,group\n", "first line"),
     ("name,group\na/s1_0.jpg,\n", "both in every row"), (None, "cannot be read")],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_told(tmp_path: Path, cache: Path, text: str | None, word: str) -> None:
    table = tmp_path / "groups.csv"
    if text is not None:
        table.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=word):
        labels(Given(str(table)), cache)
