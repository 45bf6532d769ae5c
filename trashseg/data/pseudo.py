"""Photographs with pseudo labels beside the annotated ones: one COCO file of both, and how often they are visited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.data.cache import key_of, open_or_build
from trashseg.data.json_text import load_json
from trashseg.types import ConfigError, DataError

UNSURE = "Unsure"
"""The category of what is ignored in a photograph with pseudo labels."""
WEIGHT = "weight"
"""An image's key: its share of a visit, 0..1."""

_FORMAT = 1


def pseudo_file(path: Path, fold: int | None) -> Path:
    """Return the COCO file of pseudo labels: ``path``, or in a folder the one for the fold that validates.

    The labels for a fold come from networks that never saw the photographs that validate there.

    Raises:
        DataError: there is none.
    """
    file = path / ("all.json" if fold is None else f"fold_{fold}.json") if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"data.pseudo={path}: there is no {file}; make it with trashseg pseudo ensemble=RUN.")
    return file


def merged_file(labelled: Path, pseudo: Path, cache: Path) -> Path:
    """Return a COCO file, in the cache, of the photographs of both files; ids are new, categories match by name.

    Raises:
        DataError: a file is damaged, or a photograph is in both.
    """
    contents = [_read(path) for path in (labelled, pseudo)]
    folder = cache / "pseudo" / key_of(_FORMAT, *(hashlib.sha256(content).hexdigest() for content in contents))

    def build(temporary: Path) -> None:
        first, second = (_parse(content, path) for content, path in zip(contents, (labelled, pseudo), strict=True))
        merged = json.dumps(_merged(first, second, str(pseudo)), ensure_ascii=False)
        (temporary / "train.json").write_text(merged, encoding="utf-8")

    def load(made: Path) -> Path:
        if not (made / "train.json").is_file():
            raise FileNotFoundError(made)
        return made / "train.json"

    return open_or_build(folder, load, build)


def read_weights(pseudo: Path) -> dict[str, float]:
    """Return the weight, 0..1, of each photograph in a COCO file of pseudo labels, by its name; 1 where it has none.

    Raises:
        DataError: the file is damaged.
    """
    images = _parse(_read(pseudo), pseudo)["images"]
    return {image["file_name"]: float(image.get(WEIGHT, 1.0)) for image in images}


def visit_factors(weights: Mapping[str, float], names: Sequence[str], ratio: float) -> npt.NDArray[np.float64]:
    """Return how often an epoch visits each photograph (N,): 1, or ``ratio`` times its weight for a pseudo label.

    Args:
        weights: from :func:`read_weights`.
        names: the photographs that train.
        ratio: visits of a photograph with pseudo labels of weight 1.

    Raises:
        ConfigError: the ratio is no number from 0 on.
    """
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio < float("inf"):
        raise ConfigError(f"data.pseudo_ratio={ratio} is no number of visits; give 0.5, 1, 2, ...")
    return np.array([ratio * weights[name] if name in weights else 1.0 for name in names])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def _parse(content: bytes, path: Path) -> dict[str, Any]:
    try:
        tree = load_json(content)
        if not all(isinstance(tree[key], list) for key in ("images", "annotations", "categories")):
            raise TypeError
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} is no COCO file: images, annotations and categories must be lists.") from error
    return dict(tree)


def _merged(labelled: dict[str, Any], pseudo: dict[str, Any], where: str) -> dict[str, Any]:
    known = {image["file_name"] for image in labelled["images"]}
    both = [image["file_name"] for image in pseudo["images"] if image["file_name"] in known]
    if both:
        raise DataError(f"{where} has pseudo labels of {len(both)} annotated photographs, such as {both[0]}.")
    categories = {entry["name"]: entry["id"] for entry in labelled["categories"]}
    for entry in pseudo["categories"]:
        categories.setdefault(entry["name"], max(categories.values(), default=0) + 1)
    of_pseudo = {entry["id"]: categories[entry["name"]] for entry in pseudo["categories"]}
    first_image, first_annotation = (_next_id(labelled[key]) for key in ("images", "annotations"))
    images = {image["id"]: first_image + i for i, image in enumerate(pseudo["images"])}
    moved = [_moved(entry, images, of_pseudo, first_annotation + i) for i, entry in enumerate(pseudo["annotations"])]
    return {
        "images": [*labelled["images"], *({**image, "id": images[image["id"]]} for image in pseudo["images"])],
        "annotations": [*labelled["annotations"], *moved],
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
    }


def _moved(
    entry: Mapping[str, Any], images: Mapping[int, int], categories: Mapping[int, int], number: int
) -> dict[str, Any]:
    place = {"image_id": images[entry["image_id"]], "category_id": categories[entry["category_id"]]}
    return {**entry, "id": number, **place}


def _next_id(entries: Sequence[Mapping[str, Any]]) -> int:
    return max((int(entry["id"]) for entry in entries), default=-1) + 1
