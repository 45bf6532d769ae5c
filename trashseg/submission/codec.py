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
    ids = _one_byte_ids(text, 9)
    if ids is None and np.frombuffer(text, np.uint8).max(initial=0) <= ord("9"):  # marks are larger
        for value in range(10, MAX_ID + 1):
            text = _marked(text, value)
            ids = _one_byte_ids(text, value)
            if ids is not None:
                break
    return ids


def _one_byte_ids(text: bytes, largest: int) -> Map | None:
    """Return the ids of text of one byte and a space in turn; None where it is other text or an id is too large."""
    if len(text) % 2 == 0:
        return None
    data = np.frombuffer(text, np.uint8)
    # A byte pair that is anything else gives a larger number, or one below 0, which wraps round to one.
    pairs = data[:-1].view("<u2") - _SPACED
    last = int(data[-1]) - ord("0")
    if not 0 <= last <= largest or pairs.max(initial=0) > largest:
        return None
    ids = np.empty(pairs.size + 1, np.uint8)
    ids[:-1], ids[-1] = pairs, last
    return ids


def _marked(text: bytes, value: int) -> bytes:
    """Return the text with the mark of an id of two digits in its place.

    An object covers stretches of a photograph's rows, so that its ids follow one another: a stretch moves at once,
    which takes half the time of ``bytes.replace``.
    """
    text += b" "  # so that the last id too ends with one
    data = np.frombuffer(text, np.uint8)
    tens, ones = b"%d" % value
    here = np.zeros(data.size + 4, bool)  # where the id and its space lie, three bytes late
    np.logical_and(data[:-2] == tens, data[1:-1] == ones, out=here[3:-3])
    here[3:-3] &= data[2:] == ord(" ")
    # Every third byte of a stretch starts an id, so only its ends differ from what lies three bytes before.
    ends = np.flatnonzero(here[3:] != here[:-3]).tolist()
    mark = _mark(value) + b" "
    parts, at = list[bytes](), 0
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        parts += (text[at:start], mark * ((stop - start) // 3))
        at = stop
    return b"".join((*parts, text[at:]))[:-1]


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
