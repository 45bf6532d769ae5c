"""COCO files with the verdict on every annotation: one for programs, one for the annotation tool CVAT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trashseg.auditing.audit import Audit, Kind, Suspect
from trashseg.auditing.places import annotation_id, file_box, file_outline
from trashseg.data.json_text import load_json
from trashseg.files import write_json

Entry = dict[str, Any]

_ATTRIBUTES = ("kind", "suggestion", "score")


def write_coco(folder: Path, audit: Audit) -> list[Path]:
    """Write audit.json, cvat/instances.json and cvat/labels.json into ``folder`` and return their paths."""
    tree = load_json(audit.labels.prepared.index.path.read_bytes())
    contents = {
        folder / "audit.json": flagged_tree(tree, audit),
        folder / "cvat" / "instances.json": cvat_tree(tree, audit),
        folder / "cvat" / "labels.json": cvat_labels(tree, audit),
    }
    for path, content in contents.items():
        write_json(path, content)
    return list(contents)


def flagged_tree(tree: Mapping[str, Any], audit: Audit) -> Entry:
    """Return a copy of the COCO ``tree`` whose annotations and images have the audit's verdict beside their own keys.

    A measured annotation has ``flag``, ``score`` (0..1, low is bad) and ``suggestion`` (a class, or null where nothing
    speaks against it). A photograph has ``flag``, ``score`` and ``missing``: boxes of what nobody annotated.
    """
    verdicts, photographs = _verdicts(audit), _photographs(audit)
    annotations = [entry | verdicts.get(entry["id"], {}) for entry in tree["annotations"]]
    images = [entry | photographs.get(entry["file_name"], {}) for entry in tree["images"]]
    return {**tree, "images": images, "annotations": annotations}


def cvat_tree(tree: Mapping[str, Any], audit: Audit) -> Entry:
    """Return the photographs of ``tree`` with something flagged, as CVAT's import "COCO 1.0" takes them.

    CVAT keeps what stands in ``attributes`` where the task's label has an attribute of that name, see
    :func:`cvat_labels`. What nobody annotated is there as a further annotation of the kind ``missing``, to be confirmed
    or removed.
    """
    flagged = [suspect for suspect in audit.suspects if suspect.flagged]
    names = {audit.labels.prepared.names[suspect.row] for suspect in flagged}
    images = [entry for entry in tree["images"] if entry["file_name"] in names]
    numbers = {entry["id"] for entry in images}
    verdicts = {annotation_id(audit.labels, suspect): _attributes(audit, suspect) for suspect in flagged}
    blank = dict.fromkeys(_ATTRIBUTES, "")
    own = [
        entry | {"attributes": {**entry.get("attributes", {}), **verdicts.get(entry["id"], blank)}}
        for entry in tree["annotations"]
        if entry["image_id"] in numbers
    ]
    first = 1 + max((entry["id"] for entry in tree["annotations"]), default=-1)
    missing = (suspect for suspect in flagged if suspect.kind == Kind.MISSING)
    proposals = [_proposal(audit, suspect, images, number) for number, suspect in enumerate(missing, start=first)]
    return {**tree, "images": images, "annotations": own + proposals}


def cvat_labels(tree: Mapping[str, Any], audit: Audit) -> list[Entry]:
    """Return the labels of a CVAT task, for the tab "Raw" of its constructor: all categories, with our attributes."""
    palette = [bytes(color).hex() for color in audit.labels.table.palette.tolist()]
    colors = {category: palette[k] for category, k in audit.labels.class_of.items() if 0 <= k < len(palette)}
    choice = {"input_type": "select", "values": ["", *(kind.value for kind in Kind)]}
    text = {"input_type": "text", "values": [""]}
    attributes = [
        {"name": name, "mutable": False, "default_value": "", **(choice if name == "kind" else text)}
        for name in _ATTRIBUTES
    ]
    return [
        {"name": entry["name"], "color": f"#{colors.get(entry['id'], '808080')}", "attributes": attributes}
        for entry in tree["categories"]
    ]


def _verdicts(audit: Audit) -> dict[int, Entry]:
    """Return annotation id -> what was found, of every measured annotation."""
    ids = audit.labels.prepared.index.ann_ids
    verdicts = {
        int(ids[region.annotation]): {"flag": False, "score": round(score, 4), "suggestion": None}
        for region, score in zip(audit.regions, audit.scores.tolist(), strict=True)
        if region.annotation is not None
    }
    for suspect in audit.suspects:
        number = annotation_id(audit.labels, suspect)
        if number is not None:
            verdicts[number] |= {"flag": suspect.flagged, "suggestion": _class(audit, suspect)}
    return verdicts


def _photographs(audit: Audit) -> dict[str, Entry]:
    """Return file name -> what was found."""
    names = audit.labels.prepared.names
    found: dict[str, Entry] = {
        names[row]: {"flag": False, "score": round(score, 4), "missing": []}
        for row, score in audit.photo_scores.items()
    }
    for suspect in audit.suspects:
        entry = found[names[suspect.row]]
        entry["flag"] |= suspect.flagged
        if suspect.kind == Kind.MISSING:
            box = list(file_box(audit.labels, suspect))
            verdict = {"flag": suspect.flagged, "score": round(suspect.score, 4), "suggestion": _class(audit, suspect)}
            entry["missing"].append({"bbox": box, **verdict})
    return found


def _class(audit: Audit, suspect: Suspect) -> str:
    return audit.labels.table.names[suspect.suggestion]


def _attributes(audit: Audit, suspect: Suspect) -> dict[str, str]:
    values = suspect.kind.value, _class(audit, suspect), f"{suspect.score:.2f}"
    return dict(zip(_ATTRIBUTES, values, strict=True))


def _proposal(audit: Audit, suspect: Suspect, images: Sequence[Entry], number: int) -> Entry:
    """Return an annotation with the id ``number`` for an object that nobody annotated."""
    labels = audit.labels
    name = labels.prepared.names[suspect.row]
    return {
        "id": number,
        "image_id": next(entry["id"] for entry in images if entry["file_name"] == name),
        "category_id": next(category for category, k in labels.class_of.items() if k == suspect.suggestion),
        "segmentation": [file_outline(labels, suspect)],
        "area": suspect.region.area,
        "bbox": list(file_box(labels, suspect)),
        "iscrowd": 0,
        "attributes": _attributes(audit, suspect),
    }
