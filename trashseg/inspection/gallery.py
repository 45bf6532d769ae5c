"""The pictures of the page: photographs and findings, with outlines that are drawn over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from trashseg.data.groups import Pair
from trashseg.inspection.album import Album
from trashseg.inspection.objects import Objects
from trashseg.inspection.rules import Finding
from trashseg.inspection.shapes import Floats, outline
from trashseg.inspection.thumbnails import View, Window, around, data_uri, thumbnails, whole

UNITS = 1000
"""Outlines and windows are in thousandths of the photograph's longer side."""

_TOLERANCE = 1.2  # units by which an outline may be simplified: a third of a thumbnail's pixel


def photograph_entries(album: Album, objects: Objects, chosen: Sequence[int], side: int) -> list[dict[str, Any]]:
    """Return what the page needs of each ``chosen`` photograph: name, part, class shares, outlines and picture."""
    windows = [whole(album.size(i)) for i in chosen]
    pictures = _pictures(album, chosen, windows, side)
    return [
        {
            "name": album.names[i],
            "part": int(album.part_of[i]),
            "size": album.size(i),
            "box": _in_units(window, album.size(i)),
            "shares": _shares(album, i),
            "objects": [_object_entry(album, objects, j) for j in objects.of_photo(i)],
            "picture": picture,
        }
        for i, window, picture in zip(chosen, windows, pictures, strict=True)
    ]


def finding_entries(
    album: Album, objects: Objects, findings: Sequence[Finding], places: Mapping[int, int], side: int
) -> list[dict[str, Any]]:
    """Return what the page needs of each finding: its numbers and a picture of the surroundings.

    Args:
        album: The photographs.
        objects: Their objects.
        findings: What to show.
        places: From a photograph's position in the album to its place on the page.
        side: Of a picture, pixels.
    """
    sizes = [album.size(finding.photo) for finding in findings]
    windows = [whole(s) if f.box is None else around(f.box, s) for f, s in zip(findings, sizes, strict=True)]
    pictures = _pictures(album, [finding.photo for finding in findings], windows, side)
    return [
        {
            "rule": finding.rule,
            "photo": places[finding.photo],
            "objects": [j - objects.of_photo(finding.photo).start for j in finding.objects],
            "values": finding.values,
            "spot": None if finding.box is None else _in_units(finding.box, size),
            "box": _in_units(window, size),
            "picture": picture,
        }
        for finding, size, window, picture in zip(findings, sizes, windows, pictures, strict=True)
    ]


def pair_entries(pairs: Sequence[Pair], places: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return what the page needs of each pair of photographs that show one scene."""
    return [
        {
            "photos": [places[pair.first], places[pair.second]],
            "kind": pair.kind,
            "score": pair.score,
            "reason": pair.reason,
        }
        for pair in pairs
    ]


def path_data(parts: Sequence[Floats], scale: float) -> str:
    """Return closed polygons as the data of an SVG path in whole units; ``scale`` is units for a pixel."""
    text = []
    for part in parts:
        points = np.rint(cv2.approxPolyDP((part * scale).astype(np.float32), _TOLERANCE, True)[:, 0]).astype(int)
        steps = np.diff(points, axis=0, prepend=0).tolist()
        # The first step of a path is from the origin, also in its relative form after a closed part: hence M, then l.
        text.append(f"M{points[0, 0]} {points[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps[1:]) + "z")
    return "".join(text)


def _pictures(album: Album, photos: Sequence[int], windows: Sequence[Window], side: int) -> list[str]:
    """Return the address of a picture of each window of a photograph."""
    views = [
        View(album.image_path(i), album.file_size(i), window.rescaled(album.size(i), album.file_size(i)))
        for i, window in zip(photos, windows, strict=True)
    ]
    return [data_uri(jpeg) for jpeg in thumbnails(views, side)]


def _in_units(lengths: Iterable[float], size: tuple[int, int]) -> list[float]:
    """Return lengths in units; ``size`` is the photograph's (height, width)."""
    return [round(length * UNITS / max(size), 1) for length in lengths]


def _shares(album: Album, i: int) -> dict[int, float]:
    """Return the share of the photograph's pixels of each class that it has, without the background."""
    pixels = album.class_pixels[i]
    total = max(1, int(pixels.sum()))
    return {k: round(int(pixels[k]) / total, 5) for k in np.flatnonzero(pixels).tolist() if k}


def _object_entry(album: Album, objects: Objects, j: int) -> dict[str, Any]:
    """Return class, id, area and outline of one object."""
    i = int(objects.photo[j])
    parts = outline(album.part(i).prepared.index, album.position(i), int(objects.row[j]))
    return {
        "class": int(objects.class_id[j]),
        "id": int(objects.number[j]),
        "area": int(objects.area[j]),
        "path": path_data(parts, UNITS / max(album.size(i))),
    }
