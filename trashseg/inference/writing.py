"""Predictions as files: class-id PNGs, overlays and, on request, the probabilities in a store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from trashseg.data.dataset import collate_eval
from trashseg.data.images import read_image
from trashseg.data.resize import Resize
from trashseg.data.user_photographs import PhotographDataset
from trashseg.inference.predictor import Predictor
from trashseg.maps import most_probable
from trashseg.pictures import class_id_png, prediction_panel, save_png
from trashseg.store import StoreWriter
from trashseg.types import ClassTable, DataError, Sample


@dataclass(frozen=True)
class Job:
    """One photograph and the pictures to write of it; ``overlay`` is None where none is wanted."""

    name: str
    path: Path
    mask: Path
    overlay: Path | None

    def is_done(self, store: StoreWriter | None) -> bool:
        """Say whether an earlier run that kept its probabilities has finished this photograph."""
        pictures = (path for path in (self.mask, self.overlay) if path)
        return store is not None and self.name in store.names and all(path.is_file() for path in pictures)


def write_predictions(
    predictor: Predictor,
    photographs: Sequence[tuple[str, Path]],
    resize: Resize,
    table: ClassTable,
    out_dir: Path,
    *,
    overlays: bool = True,
    store: StoreWriter | None = None,
) -> tuple[list[Path], list[DataError]]:
    """Predict photographs and write ``masks/NAME.png`` and, if asked, ``overlays/NAME.png`` and the probabilities.

    With a store, those that it holds are passed over where their pictures are there too.

    Returns:
        The masks written now, and the errors of photographs that could not be read.
    """
    jobs = [job for job in plan(photographs, out_dir, overlays) if not job.is_done(store)]
    written, errors = [], []
    for job, sample in zip(jobs, tqdm(_load(jobs, resize), desc="predicting", leave=False, disable=None), strict=True):
        if isinstance(sample, DataError):
            errors.append(sample)
            continue
        (probs,) = predictor(collate_eval([sample]))
        _write(job, probs, table, store)
        written.append(job.mask)
    return written, errors


def plan(photographs: Sequence[tuple[str, Path]], out_dir: Path, overlays: bool) -> list[Job]:
    """Return what is to be written of each photograph."""
    targets = output_names([name for name, _ in photographs])
    return [
        Job(name, path, out_dir / "masks" / target, out_dir / "overlays" / target if overlays else None)
        for (name, path), target in zip(photographs, targets, strict=True)
    ]


def overlay(
    image: npt.NDArray[np.uint8], pred: npt.NDArray[np.uint8], table: ClassTable, name: str
) -> npt.NDArray[np.uint8]:
    """Return the photograph beside its prediction, with a legend of the classes found."""
    return prediction_panel([(image, None, pred, "")], table, name, max_tile=640)


def output_names(names: Sequence[str]) -> list[PurePath]:
    """Return the PNG's relative path for each name; names that differ in their ending alone keep it."""
    plain = [PurePath(name).with_suffix(".png") for name in names]
    taken = {path: plain.count(path) for path in set(plain)}
    return [path if taken[path] == 1 else PurePath(name + ".png") for name, path in zip(names, plain, strict=True)]


def _load(jobs: Sequence[Job], resize: Resize) -> Iterable[Sample | DataError]:
    """Return the photographs at the network's size, in order."""
    return DataLoader(
        PhotographDataset([(job.name, job.path) for job in jobs], resize),
        batch_size=None,
        num_workers=min(4, max(1, (os.cpu_count() or 2) - 1), len(jobs)) if len(jobs) > 8 else 0,
    )


def _write(job: Job, probs: torch.Tensor, table: ClassTable, store: StoreWriter | None) -> None:
    """Write the pictures of one photograph, then its probabilities (K, H, W)."""
    pred = most_probable(probs)
    class_id_png(job.mask, pred, table)
    if job.overlay:
        save_png(job.overlay, overlay(read_image(job.path), pred, table, job.name))
    # Last: after a kill, a photograph that is in the store has its pictures too.
    if store is not None and job.name not in store.names:
        store.add(job.name, probs)
