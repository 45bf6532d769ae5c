"""Annotation files that are nearly JSON, against Python's own reader and writer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trashseg.data.json_text import dump_json, load_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_there_and_back(value: Any) -> None:
    assert repr(json.loads(dump_json(value))) == repr(value)  # repr, since NaN is not equal to itself


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_python_reads_is_read(encoding: str) -> None:
    text = '{"area": NaN, "id": 123456789012345678901, "name": "종이"}'
    assert repr(load_json(text.encode(encoding))) == repr(json.loads(text))


@pytest.mark.parametrize("raw", [b"{", b'{"a": }', b"\xff\xfe\x00", b""])
def test_errors_are_python_s(raw: bytes) -> None:
    with pytest.raises(ValueError) as expected:  # noqa: PT011 - which of its kinds it is, Python's reader says
        json.loads(raw)
    with pytest.raises(type(expected.value)) as found:
        load_json(raw)
    assert str(found.value) == str(expected.value)
