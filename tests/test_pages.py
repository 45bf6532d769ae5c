"""Places are filled once, and data in a script cannot end it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trashseg.pages import fill, safe_json

HOSTILE = "</script><script>alert(1)</script><!--{{STYLE}}&\u2028.jpg"


def test_places_are_filled_and_fillings_left_alone() -> None:
    texts = ["<a>", "{x} }\n", "", "</a>{"]
    fillings = {"ONE": "{{TWO}}", "TWO": HOSTILE, "UNUSED": "-"}
    page = "{{ONE}}".join(texts[:2]) + "{{TWO}}".join(texts[1:])
    assert fill(page, fillings) == fillings["ONE"].join(texts[:2]) + fillings["TWO"].join(texts[1:])


def test_a_place_without_filling_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="TITLE"):
        fill("<h1>{{TITLE}}</h1>", {"STYLE": ""})


def test_data_come_back_as_they_were_and_cannot_end_their_script() -> None:
    value = {HOSTILE: [HOSTILE, 1.5, None, True, "\\u003c"]}
    text = safe_json(value)
    assert json.loads(text) == value
    assert not set("<>&").intersection(text)


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}])
def test_what_no_browser_reads_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        safe_json(value)
