"""The sentences of an audit, in English and Korean: ``page/text.LANGUAGE.json`` holds all of one language."""

from __future__ import annotations

import functools
import json
from importlib import resources

from trashseg.auditing.audit import Suspect
from trashseg.types import ClassTable

LANGUAGES = ("en", "ko")


@functools.cache
def texts(language: str) -> dict[str, str]:
    """Return the sentences of one language by their keys."""
    content: dict[str, str] = json.loads(page_file(f"text.{language}.json"))
    return content


def page_file(name: str) -> str:
    """Return the content of a file in ``page``."""
    return resources.files("trashseg.auditing").joinpath("page", name).read_text(encoding="utf-8")


def class_name(table: ClassTable, k: int, language: str) -> str:
    """Return what class ``k`` is called."""
    return table.classes[k].korean if language == "ko" else table.classes[k].name


def reason(suspect: Suspect, table: ClassTable, language: str = "en") -> str:
    """Return in words why a region is suspected."""
    return texts(language)[f"reason.{suspect.kind}"].format(
        label=class_name(table, suspect.region.label, language),
        suggestion=class_name(table, suspect.suggestion, language),
        share=f"{100 * suspect.share:.0f} %",
    )
