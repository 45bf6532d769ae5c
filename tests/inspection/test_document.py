"""The page is whole in both languages, and nothing in it can become markup."""

from __future__ import annotations

import html.parser
import json
import re
from typing import Any

from trashseg.inspection import document
from trashseg.inspection.rules import RULES
from trashseg.types import Split

HOSTILE = "</script><script>alert(1)</script><!--{{STYLE}}&\u2028.jpg"


class Reader(html.parser.HTMLParser):
    """Collect the elements of a page and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.found[-1] if self.found else ("", {})
        if tag == "script":
            self.texts.setdefault(attributes.get("id") or "", data)


def test_the_data_arrive_as_they_are_whatever_they_hold() -> None:
    content = {"figures": {"name": HOSTILE}, "photographs": [HOSTILE]}
    reader = Reader(document.render(HOSTILE, content))
    assert [tag for tag, _ in reader.found].count("script") == 3
    assert json.loads(reader.texts["data"]) == {"title": HOSTILE, **content}


def test_the_page_asks_for_nothing_from_outside() -> None:
    page = document.render("set", {})
    addresses = [a[name] for _, a in Reader(page).found for name in ("src", "href") if name in a]
    assert addresses == ["#overview"]
    assert set(re.findall(r"https?://[^\s\"')]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in page
    assert "url(" not in page


def test_both_languages_say_the_same() -> None:
    english, korean = (document.page_text(language) for language in document.LANGUAGES)
    assert list(english) == list(korean)
    for key, text in english.items():
        assert korean[key], key
        many = text.split("|")[-1]
        assert set(re.findall(r"\{(\w+)\}", many)) == set(re.findall(r"\{(\w+)\}", korean[key].split("|")[-1])), key


def test_every_text_is_there_and_used() -> None:
    scripts = "\n".join(document._file(f"{name}.js") for name in document.SCRIPTS) + document._file("page.html")
    named = set(re.findall(r"[\"`]([a-z_]+\.[a-z_]+)[\"`]", scripts))
    named |= set(re.findall(r'data-t(?:-label)?="(\w+)"', scripts)) | {"all_classes", "language"}
    named |= {f"rule.{rule}.{end}" for rule in RULES for end in ("name", "text")} | {
        f"finding.{rule}" for rule in RULES
    }
    named |= {f"part.{split.value}" for split in Split} | {"scenes.duplicate", "scenes.scene"}
    named |= {f"measure.{name}" for name in ("pixels", "objects", "photographs")}
    sections = re.findall(r'<section id="(\w+)"', scripts)
    named |= {f"{name}.title" for name in sections} | {f"{name}.text" for name in sections if name != "overview"}
    assert named == set(document.page_text("en"))
