"""The files of a store, and what counts as a whole entry.

``store.json`` says what all entries share, ``maps.bin`` holds the compressed maps end to end, and ``index.jsonl`` one
line for each, written after its map. Both only ever grow, so that a kill leaves whole entries and a torn tail.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trashseg.types import DataError

VERSION = 1
"""Rises with every change of the files or of what the bytes in them mean."""

HEADER, INDEX, DATA, LOCK = "store.json", "index.jsonl", "maps.bin", "lock"


@dataclass(frozen=True)
class Header:
    """What all entries of a store share.

    Args:
        form: how the maps are kept, see :data:`trashseg.store.forms.FORMS`.
        classes: the names of the K classes in the order of their ids.
        about: plain JSON values that say where the predictions come from.
        version: that of the files.
    """

    form: str
    classes: tuple[str, ...]
    about: Mapping[str, Any]
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``store.json``: what :func:`read_header` would find there."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


@dataclass(frozen=True)
class Entry:
    """One photograph's line in the index.

    Args:
        name: the photograph.
        size: (H, W) of its maps in full.
        present: ids of the classes that are kept; the others have probability 0 throughout.
        scale: what the form needs to read the levels.
        offset: where its bytes begin in ``maps.bin``.
        length: how many they are.
        crc32: their checksum.
    """

    name: str
    size: tuple[int, int]
    present: tuple[int, ...]
    scale: float
    offset: int
    length: int
    crc32: int

    @property
    def end(self) -> int:
        """Where its bytes end in ``maps.bin``."""
        return self.offset + self.length

    def line(self) -> bytes:
        """Return the line of the index, with its end."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


def read_header(folder: Path) -> Header:
    """Read ``store.json``.

    Raises:
        DataError: it is missing, damaged, or of another version.
    """
    path = folder / HEADER
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["version"]
        if version == VERSION:
            return Header(str(content["form"]), tuple(content["classes"]), dict(content["about"]))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(
            f"{folder} is no prediction store: it has no {HEADER}; make one with trashseg predict save=probs."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged; remove {folder} and predict again.") from error
    raise DataError(f"{folder} is of version {version}, this trashseg reads version {VERSION}; predict again.")


def read_entries(folder: Path) -> list[Entry]:
    """Return the entries whose lines are whole and whose bytes are there, up to the first that is not."""
    index, data = folder / INDEX, folder / DATA
    limit = data.stat().st_size if data.is_file() else 0
    # What follows the last line end was cut off while it was written.
    lines = index.read_bytes().split(b"\n")[:-1] if index.is_file() else []
    return list(_connected(map(_parse, lines), limit))


def intact_entries(folder: Path) -> list[Entry]:
    """Return the entries before the first whose bytes do not have its checksum, as after a power cut."""
    intact: list[Entry] = []
    for entry in read_entries(folder):
        if zlib.crc32(read_bytes(folder, entry)) != entry.crc32:
            break
        intact.append(entry)
    return intact


def read_bytes(folder: Path, entry: Entry) -> bytes:
    """Return the bytes of ``entry``, unchecked; the file is opened anew, so that any process or thread may call it."""
    with (folder / DATA).open("rb") as data:
        data.seek(entry.offset)
        return data.read(entry.length)


def _parse(line: bytes) -> Entry | None:
    """Return the entry of a line without its end; None where it is not exactly what :meth:`Entry.line` writes."""
    try:
        content = json.loads(line)
        pairs = {key: tuple(content[key]) for key in ("size", "present")}
        entry = Entry(**{**content, **pairs})
        return entry if entry.line() == line + b"\n" else None
    except (ValueError, KeyError, TypeError):
        return None


def _connected(entries: Iterable[Entry | None], limit: int) -> Iterator[Entry]:
    """Yield entries as long as each begins behind the one before and ends within ``limit`` bytes."""
    end = 0
    for entry in entries:
        if entry is None or entry.offset < end or entry.end > limit:
            return
        end = entry.end
        yield entry
