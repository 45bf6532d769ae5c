"""Put the page together: one HTML file that needs nothing else."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import Any

from trashseg.pages import fill, safe_json

LANGUAGES = ("en", "ko")
"""The languages of the page; ``page/text.LANGUAGE.json`` holds every sentence of one."""

SCRIPTS = ("base", "charts", "sections", "pictures", "gallery", "dialog", "start")
"""The scripts of the page in their order, ``page/NAME.js``."""


def render(title: str, content: dict[str, Any]) -> str:
    """Return the page.

    Args:
        title: The name of the data set.
        content: What the scripts draw: plain values as JSON has them; file names may hold anything.
    """
    texts = {language: page_text(language) for language in LANGUAGES}
    fillings = {
        "TITLE": html.escape(title),
        "STYLE": _file("style.css"),
        "DATA": safe_json({"title": title, **content}),
        "TEXTS": safe_json(texts),
        "SCRIPT": "\n".join(_file(f"{name}.js") for name in SCRIPTS),
    }
    return fill(_file("page.html"), fillings)


def page_text(language: str) -> dict[str, str]:
    """Return the sentences of one language by their keys."""
    texts: dict[str, str] = json.loads(_file(f"text.{language}.json"))
    return texts


def _file(name: str) -> str:
    return resources.files("trashseg.inspection").joinpath("page", name).read_text(encoding="utf-8")
