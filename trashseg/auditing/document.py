"""The page: one HTML file that needs nothing else, with every sentence in English and Korean."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from trashseg.auditing.audit import Audit, Kind, Suspect
from trashseg.auditing.words import LANGUAGES, class_name, page_file, reason, texts
from trashseg.pages import fill

_PICTURES = ("photograph", "label", "prediction")
_NUM_PHOTOGRAPHS = 30


@dataclass(frozen=True, eq=False)
class Card:
    """One suspect and the addresses of its three pictures."""

    suspect: Suspect
    pictures: tuple[str, ...]


def render(audit: Audit, cards: Sequence[Card]) -> str:
    """Return the page with ``cards``, in the order of their ranks."""
    fillings = {
        "TITLE": html.escape(texts("en")["brand"]),
        "BRAND": _text("brand"),
        "FILE": html.escape(str(audit.labels.prepared.index.path)),
        "STYLE": page_file("style.css"),
        "HEAD": _head(audit, len(cards)),
        "FILTERS": _filters(audit, [card.suspect for card in cards]),
        "CARDS": "\n".join(_card(audit, card) for card in cards) or f"<p>{_text('none')}</p>",
        "PHOTOGRAPHS": _photographs(audit),
        "FOOTER": _text("footer"),
        "LANGUAGE": _text("language"),
        "SCRIPT": page_file("page.js"),
    }
    return fill(page_file("page.html"), fillings)


def _both(make: Callable[[str], str]) -> str:
    """Return what ``make`` gives for each language, of which the page shows one."""
    return "".join(f'<span lang="{language}">{html.escape(make(language))}</span>' for language in LANGUAGES)


def _text(key: str, **values: object) -> str:
    """Return a sentence in both languages."""
    return _both(lambda language: texts(language)[key].format(**values))


def _flagged(kind: Kind, language: str) -> str:
    return texts(language)["flagged"].format(name=texts(language)[f"kind.{kind}"])


def _head(audit: Audit, num_shown: int) -> str:
    """Return the numbers, what they mean and what to do with them."""
    flagged = Counter(suspect.kind for suspect in audit.suspects if suspect.flagged)
    annotated = sum(region.annotation is not None for region in audit.regions)
    tiles = [(len(audit.pixel_scores), _text("photographs")), (annotated, _text("objects"))]
    tiles += [(flagged[kind], _both(partial(_flagged, kind))) for kind in Kind]
    numbers = "".join(f"<div><b>{count:,}</b><small>{words}</small></div>" for count, words in tiles)
    commands = {
        "act.ignore": "trashseg train ... data.ignore_regions=ignore.csv",
        "act.exclude": "trashseg train ... data.exclude=exclude.csv",
        "act.cvat": "cvat/instances.json",
    }
    steps = "".join(f"<dt><code>{command}</code></dt><dd>{_text(key)}</dd>" for key, command in commands.items())
    shown = _text("shown", shown=num_shown, all=len(audit.suspects), limit=audit.limits.flag_below)
    return (
        f'<div class="numbers">{numbers}</div><p>{_text("how")}</p><p>{shown}</p>'
        f'<p class="legend">{_legend(audit)}</p>'
        f"<details><summary>{_text('act')}</summary><dl>{steps}</dl></details>"
    )


def _legend(audit: Audit) -> str:
    """Return the colours of the classes."""
    table = audit.labels.table
    return "".join(
        f'<span class="key"><i style="background:rgb{info.color}"></i>{_both(partial(class_name, table, k))}</span>'
        for k, info in enumerate(table.classes)
        if k
    )


def _filters(audit: Audit, suspects: Sequence[Suspect]) -> str:
    """Return the menus; the script gives them their effect."""
    kinds = [(kind.value, _plain(f"kind.{kind}")) for kind in Kind]
    menus = [_menu("kind", kinds)]
    for name, used in (("label", {s.region.label for s in suspects}), ("suggestion", {s.suggestion for s in suspects})):
        menus.append(_menu(name, [(str(k), _names(audit, k)) for k in sorted(used)]))
    return "".join(menus) + f'<label><input type="checkbox" id="flagged"> {_text("filter.flagged")}</label>'


def _plain(key: str) -> str:
    """Return a sentence in both languages as text, for an option, which cannot hold elements."""
    return " · ".join(texts(language)[key] for language in LANGUAGES)


def _names(audit: Audit, k: int) -> str:
    return " · ".join(dict.fromkeys(class_name(audit.labels.table, k, language) for language in LANGUAGES))


def _menu(name: str, options: Sequence[tuple[str, str]]) -> str:
    """Return one menu of (value, text) options behind one for all."""
    entries = [("", _plain("filter.all")), *options]
    inside = "".join(f'<option value="{value}">{html.escape(text)}</option>' for value, text in entries)
    return f'<label><span>{_text(f"filter.{name}")}</span> <select id="{name}">{inside}</select></label>'


def _card(audit: Audit, card: Card) -> str:
    """Return one suspect."""
    suspect, region, table = card.suspect, card.suspect.region, audit.labels.table
    name = html.escape(audit.labels.prepared.names[suspect.row])
    figures = "".join(
        f'<figure><img src="{address}" alt=""><figcaption>{_text(f"picture.{which}")}</figcaption></figure>'
        for which, address in zip(_PICTURES, card.pictures, strict=True)
    )
    numbers = {"mean": region.means[region.label], "low": region.low, "iou": region.iou}
    confidence = _text("confidence", **{key: f"{value:.2f}" for key, value in numbers.items()}) if region.label else ""
    return (
        f'<article data-kind="{suspect.kind}" data-label="{region.label}" data-suggestion="{suspect.suggestion}" '
        f'data-flagged="{int(suspect.flagged)}"><button type="button" class="views">{figures}</button>'
        f'<p class="why">{_both(partial(reason, suspect, table))}</p>'
        f'<p class="caption">{suspect.rank}. {name} · {_text("score")} {suspect.score:.2f}'
        f"{_mark(suspect)}</p>"
        f'<p class="caption">{confidence}</p></article>'
    )


def _mark(suspect: Suspect) -> str:
    return f' <b class="flag">{_text("flag")}</b>' if suspect.flagged else ""


def _photographs(audit: Audit) -> str:
    """Return the table of the worst photographs."""
    worst = sorted(audit.photo_scores, key=lambda row: audit.photo_scores[row])[:_NUM_PHOTOGRAPHS]
    rows = "".join(
        f"<tr><th>{html.escape(audit.labels.prepared.names[row])}</th><td>{audit.photo_scores[row]:.2f}</td>"
        f"<td>{audit.pixel_scores[row]:.2f}</td></tr>"
        for row in worst
    )
    head = "".join(f"<th>{_text(f'column.{name}')}</th>" for name in ("name", "regions", "pixels"))
    return (
        f"<h2>{_text('worst')}</h2><p>{_text('worst.text')}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
