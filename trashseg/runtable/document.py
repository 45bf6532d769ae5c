"""The table as one HTML file: sorts and filters by itself, draws the runs as lines over what differs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from trashseg.pages import fill, safe_json
from trashseg.runtable.find import Run
from trashseg.runtable.table import COLUMNS, row

SCRIPTS = ("base", "plot", "table", "start")
"""The scripts of the page in their order, ``page/NAME.js``."""


def render(runs: Sequence[Run], keys: Sequence[str]) -> str:
    """Return the page, which loads nothing.

    Args:
        runs: in their order.
        keys: the groups and keys that differ.
    """
    data = {"columns": [*COLUMNS, *keys], "common": len(COLUMNS), "rows": [row(run, keys) for run in runs]}
    script = "\n".join(_file(f"{name}.js") for name in SCRIPTS)
    return fill(_file("page.html"), {"STYLE": _file("style.css"), "DATA": safe_json(data), "SCRIPT": script})


def _file(name: str) -> str:
    return resources.files("trashseg.runtable").joinpath("page", name).read_text(encoding="utf-8")
