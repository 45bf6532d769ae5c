"""Read the bytes of a COCO file: faults of the whole file are raised, faults of single entries are collected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from trashseg.data.entries import Annotation, Image, entry_id, read_annotation, read_category, read_image_entry
from trashseg.data.json_text import load_json
from trashseg.data.problems import BadEntry
from trashseg.types import DataError

_Entry = TypeVar("_Entry")
_UNIQUE = "every entry needs its own; renumber or remove the repeated ones"


class Fault(NamedTuple):
    """A fault of one entry, before the file's name is put to it."""

    where: str
    what: str
    remedy: str


@dataclass
class CocoContent:
    """The usable entries of a COCO file in its order, and what was wrong with the others.

    ``num_images`` and ``num_annotations`` count all entries, usable or not.
    """

    images: list[Image] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    categories: dict[int, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    num_images: int = 0
    num_annotations: int = 0


def parse_coco(raw: bytes, name: str) -> CocoContent:
    """Parse and validate the bytes of a COCO file; ``name`` stands for it in messages.

    Where one id stands for entries that differ, none of them is kept: nobody can tell which one an annotation means.
    What refers to an entry left out is left out with it, without a fault of its own.

    Raises:
        DataError: the file is not JSON, not COCO, or lacks a key.
    """
    tree = _load_object(raw, name)
    content = CocoContent()
    image_list = _list_of(tree, "images", name)
    annotation_list = _list_of(tree, "annotations", name, required=False)
    category_list = _list_of(tree, "categories", name, required=bool(annotation_list))
    content.num_images, content.num_annotations = len(image_list), len(annotation_list)
    dropped_categories = _take_categories(category_list, content)
    dropped_images = _take_images(image_list, content)
    _take_annotations(annotation_list, content, dropped_images, dropped_categories)
    if not image_list:
        content.faults.append(Fault("", "lists no images", "give a file with at least one image"))
    return content


def _load_object(raw: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object in ``raw``."""
    remedy = "export it again or copy it anew."
    if not raw.strip():
        raise DataError(f"{name} is empty; {remedy}")
    try:
        tree = load_json(raw)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{name} is not valid JSON at {place}: {error.msg}; {remedy}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DataError(f"{name} is not valid JSON ({type(error).__name__}: {error}); {remedy}") from error
    if not isinstance(tree, dict):
        raise DataError(f"{name} is not a COCO file: it holds a {type(tree).__name__}, not an object with images.")
    return tree


def _list_of(tree: dict[str, Any], key: str, name: str, *, required: bool = True) -> list[Any]:
    """Return the list under ``key``; an absent one is empty where it is not ``required``."""
    value = tree.get(key)
    if value is None and not required:
        return []
    if value is None:
        present = ", ".join(sorted(map(str, tree))[:8]) or "nothing"
        raise DataError(f"{name} is not a COCO file: it has no {key!r} (it has {present:.200}); add the key.")
    if not isinstance(value, list):
        raise DataError(f"{name} is not a COCO file: {key!r} is a {type(value).__name__}, it must be a list.")
    return value


def _take_categories(entries: list[Any], content: CocoContent) -> set[int]:
    """Read the categories into ``content``; return the ids that had to be left out."""
    found = list(_readable(entries, "category", read_category, content))
    dropped = _repeated(found, "category", lambda pair: pair[0], "id", content)
    content.categories = {pair[0]: pair[1] for pair in found if pair[0] not in dropped}
    return dropped | _ids_of(entries) - {pair[0] for pair in found}


def _take_images(entries: list[Any], content: CocoContent) -> set[int]:
    """Read the images into ``content``; return the ids that had to be left out."""
    found = list(_readable(entries, "image", read_image_entry, content))
    bad_ids = _repeated(found, "image", lambda image: image.id, "id", content)
    unique = list({image.id: image for image in found if image.id not in bad_ids}.values())
    bad_names = _repeated(unique, "image", lambda image: image.place, "file_name", content)
    content.images = [image for image in unique if image.place not in bad_names]
    return _ids_of(entries) - {image.id for image in content.images}


def _take_annotations(
    entries: list[Any], content: CocoContent, dropped_images: set[int], dropped_categories: set[int]
) -> None:
    """Read the annotations into ``content``; of those that share an id the first is kept."""
    sizes = {image.id: (image.height, image.width) for image in content.images}
    left_out = (dropped_images, dropped_categories)

    def read(entry: dict[str, Any]) -> Annotation | None:
        return read_annotation(entry, sizes, content.categories, left_out)

    seen: set[int] = set()
    for annotation in _readable(entries, "annotation", read, content):
        if annotation is None:
            continue
        if annotation.id in seen:
            content.faults.append(Fault(f"annotation {annotation.id}", "id occurs more than once", _UNIQUE))
            continue
        seen.add(annotation.id)
        content.annotations.append(annotation)


def _readable(
    entries: list[Any], kind: str, read: Callable[[dict[str, Any]], _Entry], content: CocoContent
) -> Iterable[_Entry]:
    """Yield what ``read`` makes of each entry; note a fault for those that it refuses."""
    for position, entry in enumerate(entries):
        try:
            if not isinstance(entry, dict):
                raise BadEntry(f"entry is a {type(entry).__name__}, not an object", "remove or rewrite it")
            yield read(entry)
        except BadEntry as bad:
            content.faults.append(Fault(_where(kind, position, entry), bad.what, bad.remedy))


def _where(kind: str, position: int, entry: Any) -> str:
    """Name an entry by its id, and an image by its file too, or by its place in the list where it has no id."""
    if not isinstance(entry, dict) or isinstance(entry.get("id"), (list, dict, type(None))):
        return f"{kind} at position {position}"
    file_name = entry.get("file_name")
    return f"{kind} {entry['id']!r:.40}" + (f" ({file_name:.200})" if isinstance(file_name, str) and file_name else "")


def _repeated(
    entries: list[_Entry], kind: str, key: Callable[[_Entry], Any], name: str, content: CocoContent
) -> set[Any]:
    """Note a fault for each key that several entries share; return those keys whose entries differ."""
    groups: dict[Any, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    shared = {value: group for value, group in groups.items() if len(group) > 1}
    for value, group in shared.items():
        owners = ", ".join(str(entry) for entry in group[:3])
        content.faults.append(Fault(f"{kind} {owners:.300}", f"{name} {value!r} occurs {len(group)} times", _UNIQUE))
    return {value for value, group in shared.items() if any(entry != group[0] for entry in group)}


def _ids_of(entries: list[Any]) -> set[int]:
    """Return every readable id among ``entries``, also of those with other faults."""
    ids = set()
    for entry in entries:
        try:
            ids.add(entry_id(entry))
        except (BadEntry, AttributeError):
            continue
    return ids
