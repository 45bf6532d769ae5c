"""Open small data sets whose every object is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from trashseg.data.source import Source
from trashseg.inspection.album import Album, open_album

from .small import SIDE, Object, write_part


@pytest.fixture
def open_set(tmp_path: Path) -> Callable[..., Album]:
    """Open an album of parts given as lists of photographs, which are lists of objects."""

    def make(size: tuple[int, int] = (SIDE, SIDE), **parts: Sequence[Sequence[Object]]) -> Album:
        for name, photographs in parts.items():
            write_part(tmp_path, name, photographs, size)
        files = {name: f"{name}.json" for name in parts}
        return open_album(Source(root=str(tmp_path), **{"val": None, "test": None, "holdout": 0.5, **files}))

    return make
