"""A row's class ids as text and back, by table look-up rather than by joining Python strings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.uint8]
"""Class ids, uint8."""

MAX_ID = 99
"""The largest class id that has a text here: two digits."""

_SPACED = np.array(ord("0") | ord(" ") << 8, dtype="<u2")  # what 0 is as two bytes of text: a digit and a space


def encode(ids: Map) -> bytes:
    """Return the ids as text.

    One addition widens each id to the two bytes "digit, space". An id of two digits gets the byte that follows
    the digits in the same order (10 is ":"), which is no part of other text and is replaced afterwards.

    Raises:
        ValueError: an id exceeds ``MAX_ID``.
    """
    top = int(ids.max())
    if top > MAX_ID:
        raise ValueError(f"a map holds the id {top}; a submission's ids are 0..{MAX_ID}")
    text: bytes = (ids.ravel() + _SPACED).view(np.uint8)[:-1].tobytes()
    for value in range(10, top + 1):
        text = text.replace(_mark(value), b"%d" % value)
    return text


def decode(text: bytes) -> Map | None:
    """Return the flat ids that ``text`` stands for, or None where it is not what :func:`encode` writes."""
    data = np.frombuffer(text, np.uint8)
    if data.max(initial=0) > ord("9"):  # what marks ids of two digits below
        return None
    ids = _one_byte_ids(data)
    return _mixed_ids(data) if ids is None else ids


def _mixed_ids(data: Map) -> Map | None:
    """Return the ids of text with any ids of two digits; None where it is not what :func:`encode` writes."""
    digit = (data - np.uint8(ord("0"))) <= 9  # what is below "0" wraps round
    tens = np.flatnonzero(digit[:-1] & digit[1:])
    if tens.size:
        # A third digit, or a leading zero, is no id.
        if (np.diff(tens) == 1).any() or (data[tens] == ord("0")).any():
            return None
        data, ones, kept = data.copy(), data[tens + 1], np.ones(data.size, bool)
        data[tens] = 10 * (data[tens] - ord("0")) + ones
        kept[tens + 1] = False
        data = data[kept]
    return _one_byte_ids(data)


def _one_byte_ids(data: Map) -> Map | None:
    """Return the ids of bytes that are in turn an id above "0" and a space; None where they are not."""
    if data.size % 2 == 0:
        return None
    # A byte pair that is anything else gives a larger number, or one below 0, which wraps round to one.
    pairs = data[:-1].view("<u2") - _SPACED
    last = data[-1] - np.uint8(ord("0"))
    if max(pairs.max(initial=0), last) > MAX_ID:
        return None
    ids = np.empty(pairs.size + 1, np.uint8)
    ids[:-1], ids[-1] = pairs, last
    return ids


def _mark(value: int) -> bytes:
    """Return the byte that stands for an id of two digits."""
    return bytes([value + ord("0")])


def odd_id(text: bytes) -> str:
    """Say which part of ``text`` is not an id."""
    for position, token in enumerate(text.split(b" "), start=1):
        if not (token.isdigit() and len(token) <= 2 and b"%d" % int(token) == token):
            return f"{short(token)} as id {position}"
    raise AssertionError("text that does not decode has a token that is no id")


def short(text: bytes) -> str:
    """Return the beginning of ``text`` in quotes, or the word that says there is none."""
    shown = text[:40].decode("utf-8", "replace").rstrip("\n")
    return (repr(shown) + ("..." if len(text) > 40 else "")) if text else "nothing (two spaces, or one at an end)"
