"""Pages for a browser: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def fill(page: str, fillings: Mapping[str, str]) -> str:
    """Return ``page`` with ``fillings["NAME"]`` in each place ``{{NAME}}``."""
    # Cut once, so that nothing in a filling is taken for a place to fill.
    first, *rest = page.split("{{")
    return first + "".join(fillings[name] + after for name, after in (piece.split("}}", 1) for piece in rest))


def safe_json(value: Any) -> str:
    """Return JSON that can stand inside a script element: no value can end it or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
