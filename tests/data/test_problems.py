from __future__ import annotations

import pytest

from trashseg.data.problems import Problem, raise_problems
from trashseg.types import DataError


def problems(count: int) -> list[Problem]:
    return [Problem("train.json", f"annotation {i}", "polygon has 2 points", "draw it again") for i in range(count)]


def test_none_is_silent() -> None:
    raise_problems([])


def test_one_gives_its_own_line() -> None:
    with pytest.raises(DataError) as caught:
        raise_problems(problems(1))
    assert str(caught.value) == "train.json: annotation 0: polygon has 2 points; draw it again"


def test_many_show_five_and_the_count() -> None:
    with pytest.raises(DataError) as caught:
        raise_problems(problems(12))
    text = str(caught.value)
    assert "annotation 4" in text
    assert "annotation 5" not in text
    assert text.startswith("12 problems")
    assert "7 more" in text
    assert "trashseg check" in text
    assert "\n" not in text


def test_five_have_no_rest() -> None:
    with pytest.raises(DataError) as caught:
        raise_problems(problems(5))
    assert "more" not in str(caught.value)


def test_whole_file_and_odd_names_stay_one_printable_line() -> None:
    assert str(Problem("a.json", "", "lists no images", "add one")) == "a.json: lists no images; add one"
    text = str(Problem("a.json", "image 1 (a\nb\ud800.jpg)", "is\tgone", "restore it"))
    assert "\n" not in text
    assert text.encode("utf-8")
