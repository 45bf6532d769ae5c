"""The files that a run reads: annotations by their content, photographs by names and sizes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trashseg.files import digest

PARTS = ("train", "val", "test")
"""Keys of ``data`` that name a COCO file in its root."""

BESIDE = ("exclude", "ignore_regions", "pseudo", "folds")
"""Keys of ``data`` that may name a file or a folder of JSON files, wherever it lies."""

STARTS = ("model.weights", "ckpt_path")
"""Keys that may name a file of weights."""

_FILE_NAME = re.compile(rb'"file_name"\s*:\s*("(?:[^"\\]|\\.)*")')


def describe_inputs(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what the files that ``config`` names hold.

    Args:
        config: the resolved config of a run; a verb that opens no data gives empty entries.
        folder: what relative paths are relative to.

    Returns:
        ``annotations``: path -> SHA-256 of each annotation file and list; ``photographs``: how many the annotation
        files name, how many of them are missing, their bytes, and the SHA-256 of their names and sizes (their pixels
        are not read); ``weights``: path -> bytes and time of change of the weights that the run starts from.
    """
    data = config.get("data") or {}
    root = _root(data, folder)
    annotations = [root / name for name in _annotations(config, data) if (root / name).is_file()] if root else []
    return {
        "annotations": {str(path): digest(path) for path in [*annotations, *_beside(data, folder)]},
        "photographs": _photographs(root, annotations) if root and annotations else None,
        "weights": {str(path): _stamp(path) for path in _weights(config, folder)},
    }


def _root(data: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the data set's folder, None where there is none yet: generated scenes follow from the config."""
    root = data.get("root")
    return folder / Path(str(root)).expanduser() if root else None


def _annotations(config: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """Return the names of the annotation files, each once; cv and split may name some of their own."""
    sources = config.get("sources") or []
    names = [data.get(part) for part in PARTS] + ([sources] if isinstance(sources, str) else list(sources))
    return list(dict.fromkeys(str(name) for name in names if name))


def _beside(data: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    for name in BESIDE:
        value = data.get(name)
        # data.exclude may also be a list of photographs, which the config holds.
        path = folder / Path(value).expanduser() if isinstance(value, str) else None
        if path is not None and path.is_file():
            yield path
        elif path is not None and path.is_dir():
            yield from sorted(path.glob("*.json"))


def _weights(config: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    for key in STARTS:
        group, _, name = key.rpartition(".")
        value = (config.get(group) or {} if group else config).get(name)
        path = folder / Path(value).expanduser() if isinstance(value, str) else None
        if path is not None and path.is_file():
            yield path


def _photographs(root: Path, annotations: Iterable[Path]) -> dict[str, Any]:
    """Return number, bytes and digest of the photographs that the files ``annotations`` name."""
    # Parsing all of the JSON would take much longer.
    found = {text for path in annotations for text in _FILE_NAME.findall(path.read_bytes())}
    names = sorted(str(json.loads(text)) for text in found)
    sizes = [_size(root / name) for name in names]
    lines = "".join(f"{name}\t{size}\n" for name, size in zip(names, sizes, strict=True))
    return {
        "number": len(names),
        "missing": sizes.count(-1),
        "bytes": sum(size for size in sizes if size > 0),
        "sha256_of_names_and_sizes": hashlib.sha256(lines.encode()).hexdigest(),
    }


def _size(path: Path) -> int:
    """Return the bytes of a file, -1 where it is not there."""
    try:
        return os.stat(path).st_size  # noqa: PTH116 - of thousands of files
    except (OSError, ValueError):
        return -1


def _stamp(path: Path) -> list[int]:
    """Return the bytes and the time of change in nanoseconds: reading gigabytes of weights would delay the start."""
    info = path.stat()
    return [info.st_size, info.st_mtime_ns]
