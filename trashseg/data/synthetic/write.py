"""The synthetic set as files: the competition's layout, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from trashseg.data.synthetic.materials import MATERIALS
from trashseg.data.synthetic.share import Annotations, Job, draw_jobs
from trashseg.files import atomic_dir
from trashseg.types import DataError

FORMAT = 1
"""Raised whenever the same arguments would give other files."""

MIN_SIZE = 32
META_NAME = "synthetic.json"
_FOLDERS = ("batch_01_vt", "batch_02_vt", "batch_03")
_SPLITS = ("train", "val", "test")


def ensure_synthetic(root: Path, *, num_train: int, num_val: int, num_test: int, size: int, seed: int) -> None:
    """Make sure that ``root`` holds the synthetic set of exactly these arguments, drawing it on first use.

    The folder appears only when complete; two processes may ask for it at once. The same arguments give the
    same files, byte for byte, on one machine and OpenCV version.

    Args:
        root: The set's folder, in the competition's layout afterwards.
        num_train: Labelled training photographs.
        num_val: Labelled validation photographs.
        num_test: Photographs without labels.
        size: Height and width of every photograph in pixels, 32 or more.
        seed: Chooses the scenes, 0 or more.

    Raises:
        DataError: ``root`` holds another set or other files, cannot be written, or an argument is out of range.
    """
    meta = {"format": FORMAT, "num_train": num_train, "num_val": num_val, "num_test": num_test}
    meta |= {"size": size, "seed": seed}
    _check(meta)
    try:
        if not _is_free(root):
            _match(root, meta)
            return
        with atomic_dir(root) as folder:
            _write(folder, meta)
    except OSError as error:
        raise DataError(
            f"the synthetic set cannot be written to {root}: {error.strerror or error}. "
            "Name another folder with data.root=FOLDER."
        ) from error
    _match(root, meta)  # another process may have been first, with other arguments


def _check(meta: dict[str, int]) -> None:
    """Refuse numbers with which no set can be drawn."""
    least = {"num_train": 1, "num_val": 1, "num_test": 0, "size": MIN_SIZE, "seed": 0}
    for key, bound in least.items():
        if meta[key] < bound:
            raise DataError(f"the synthetic set got {key}={meta[key]}; it must be {bound} or more. Give {key}={bound}.")


def _is_free(root: Path) -> bool:
    """Whether a set may be made at ``root``: nothing is there, or an empty folder."""
    if root.is_symlink() and not root.exists():
        raise DataError(f"{root} is a link that leads nowhere; remove it or name another folder with data.root=FOLDER.")
    return not root.exists() or (root.is_dir() and not any(root.iterdir()))


def _match(root: Path, meta: dict[str, int]) -> None:
    """Refuse a folder that was not made from ``meta``."""
    try:
        found = json.loads((root / META_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{root} exists and holds no synthetic set ({META_NAME} is missing or broken); it is left as it is. "
            "Name another folder with data.root=FOLDER."
        ) from None
    if found != meta:
        raise DataError(
            f"{root} holds the synthetic set {_words(found)}, but {_words(meta)} was asked for. "
            "Name another folder with data.root=FOLDER, or delete this one."
        )


def _words(meta: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in meta.items()) if isinstance(meta, dict) else repr(meta)


def _write(folder: Path, meta: dict[str, int]) -> None:
    """Draw every photograph into ``folder`` and write the five JSON files."""
    for name in _FOLDERS:
        (folder / name).mkdir()
    counts = [meta[f"num_{split}"] for split in _SPLITS]
    jobs = _jobs(counts, meta["seed"])
    drawn = draw_jobs(folder, jobs, meta["seed"], meta["size"])
    parts = [[(job, found) for job, found in zip(jobs, drawn, strict=True) if job.split == split] for split in range(3)]
    _dump(folder / "train.json", parts[0], meta["size"])
    _dump(folder / "val.json", parts[1], meta["size"])
    _dump(folder / "train_all.json", parts[0] + parts[1], meta["size"])
    _dump(folder / "test.json", [(job, []) for job, _ in parts[2]], meta["size"])
    (folder / META_NAME).write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def _jobs(counts: list[int], seed: int) -> list[Job]:
    """Give every scene its file: the splits are mixed over the folders, numbers rise within a split."""
    total = sum(counts)
    owners = np.random.default_rng([seed, len(_SPLITS)]).permutation(np.repeat(np.arange(len(counts)), counts))
    per_folder = -(-total // len(_FOLDERS))
    used = [0] * len(counts)
    jobs = []
    for number, owner in enumerate(int(value) for value in owners):
        name = f"{_FOLDERS[number // per_folder]}/{number % per_folder:04d}.jpg"
        jobs.append(Job(owner, used[owner], name))
        used[owner] += 1
    return jobs


def _dump(path: Path, part: list[tuple[Job, Annotations]], size: int) -> None:
    """Write one COCO file; ids count from 0 in each file, as in the official set."""
    images = [
        {
            "license": 0,
            "url": None,
            "file_name": job.file_name,
            "height": size,
            "width": size,
            "date_captured": None,
            "id": number,
        }
        for number, (job, _) in enumerate(part)
    ]
    pairs = [(number, annotation) for number, (_, found) in enumerate(part) for annotation in found]
    annotations = [{"id": count, "image_id": number, **found} for count, (number, found) in enumerate(pairs)]
    document = {**_head(), "images": images, "annotations": annotations}
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def _head() -> dict[str, Any]:
    names = [material.name for material in MATERIALS]
    return {
        "info": {
            "year": 2026,
            "version": str(FORMAT),
            "description": "trashseg: drawn scenes of recyclable trash",
            "contributor": "trashseg",
            "url": None,
            "date_created": None,
        },
        "licenses": [{"id": 0, "name": "CC0 1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}],
        "categories": [{"id": 1 + k, "name": name, "supercategory": name} for k, name in enumerate(names)],
    }
