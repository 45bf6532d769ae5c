"""Inspect a data set: from its parts to the figures and the page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from trashseg.data.naming import check_whole
from trashseg.data.source import Source
from trashseg.inspection import figures
from trashseg.inspection.album import REFERENCE_SIDE, Album, list_photographs, open_album
from trashseg.inspection.document import render
from trashseg.inspection.gallery import finding_entries, pair_entries, photograph_entries
from trashseg.inspection.limits import Limits
from trashseg.inspection.objects import Objects, gather_objects
from trashseg.inspection.photometry import Floats, channel_moments
from trashseg.inspection.rules import Finding, find_problems
from trashseg.inspection.selection import choose_photographs
from trashseg.inspection.twins import Twins, find_twins


@dataclass(frozen=True)
class Options:
    """How much the page shows.

    Args:
        scenes: look for photographs of one scene, which takes about as long as all the rest.
        num_photographs: in the gallery, at most.
        num_per_problem: findings of each rule and pairs of one scene in the gallery, at most.
        thumbnail_side: the longer side of a picture in pixels.

    Raises:
        ConfigError: a number is out of its range.
    """

    scenes: bool = True
    num_photographs: int = 300
    num_per_problem: int = 16
    thumbnail_side: int = 240

    def __post_init__(self) -> None:
        check_whole("num_photographs", self.num_photographs)
        check_whole("num_per_problem", self.num_per_problem)
        check_whole("thumbnail_side", self.thumbnail_side, 32)


@dataclass(frozen=True)
class Report:
    """``figures`` are plain values as JSON has them; ``page`` is the HTML, ``num_pictures`` of them in it."""

    figures: dict[str, Any]
    page: str
    num_pictures: int


def inspect_data(source: Source, limits: Limits, options: Options) -> Report:
    """Look through all parts of a data set.

    Raises:
        DataError: something is wrong with the data.
    """
    photographs = list_photographs(source)
    with ThreadPoolExecutor(1) as beside:
        # Decoding leaves the processor that paints and measures alone.
        moments = beside.submit(channel_moments, photographs)
        album = open_album(source)
        objects = gather_objects(album)
        problems = find_problems(album, objects, limits)
        twins = find_twins(album, source.cache) if options.scenes else None
        numbers = collect_figures(album, objects, problems, twins, moments.result(), limits)
    pictures = collect_pictures(album, objects, problems, twins, options)
    title = source.folder.resolve().name
    page = render(title, {"figures": numbers, **pictures})
    return Report(numbers, page, len(pictures["photographs"]) + len(pictures["findings"]))


def collect_figures(
    album: Album,
    objects: Objects,
    problems: dict[str, list[Finding]],
    twins: Twins | None,
    moments: Floats,
    limits: Limits,
) -> dict[str, Any]:
    """Return every number of the page; ``moments`` (N, 7) are :func:`channel_moments` of the album's photographs."""
    return {
        "parts": figures.part_figures(album, objects, moments),
        "classes": figures.class_figures(album, objects),
        "other_objects": objects.num_others,
        "sizes": figures.size_figures(album, objects),
        "positions": figures.position_figures(album),
        "together": figures.together_figures(album),
        "photographs": figures.photograph_figures(album, objects, moments),
        "problems": {rule: len(findings) for rule, findings in problems.items()},
        "limits": {**asdict(limits), "reference_side": REFERENCE_SIDE},
        "scenes": twins.figures() if twins is not None else None,
    }


def collect_pictures(
    album: Album, objects: Objects, problems: dict[str, list[Finding]], twins: Twins | None, options: Options
) -> dict[str, Any]:
    """Return the entries of the gallery: photographs, findings and pairs of photographs of one scene."""
    worst = {rule: findings[: options.num_per_problem] for rule, findings in problems.items()}
    pairs = twins.pairs[: options.num_per_problem] if twins is not None else ()
    chosen = choose_photographs(album, worst, pairs, options.num_photographs)
    places = {i: place for place, i in enumerate(chosen)}
    shown = [finding for findings in worst.values() for finding in findings if finding.photo in places]
    both = [pair for pair in pairs if pair.first in places and pair.second in places]
    side = options.thumbnail_side
    return {
        "photographs": photograph_entries(album, objects, chosen, side),
        "findings": finding_entries(album, objects, shown, places, side),
        "pairs": pair_entries(both, places),
    }
