"""Predictions as files: class-id PNGs and overlays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader
from tqdm import tqdm

from trashseg.data.dataset import collate_eval
from trashseg.data.images import read_image
from trashseg.data.resize import Resize
from trashseg.data.user_photographs import PhotographDataset
from trashseg.inference.predictor import Predictor
from trashseg.metrics import fast_argmax
from trashseg.pictures import class_id_png, prediction_panel, save_png
from trashseg.types import ClassTable, DataError


def write_predictions(
    predictor: Predictor,
    photographs: Sequence[tuple[str, Path]],
    resize: Resize,
    table: ClassTable,
    out_dir: Path,
    *,
    overlays: bool = True,
) -> tuple[list[Path], list[DataError]]:
    """Predict every photograph and write ``masks/NAME.png`` and, if asked, ``overlays/NAME.png``.

    Returns:
        The masks written, and the errors of photographs that could not be read.
    """
    targets = output_names([name for name, _ in photographs])
    loader = DataLoader(
        PhotographDataset(photographs, resize),
        batch_size=None,
        num_workers=min(4, max(1, (os.cpu_count() or 2) - 1), len(photographs)) if len(photographs) > 8 else 0,
    )
    written, errors = [], []
    for sample in tqdm(loader, desc="predicting", leave=False, disable=None):
        if isinstance(sample, DataError):
            errors.append(sample)
            continue
        (probs,) = predictor(collate_eval([sample]))
        pred = fast_argmax(probs[None])[0].byte().cpu().numpy()
        name, path = photographs[sample["index"]]
        target = targets[sample["index"]]
        class_id_png(out_dir / "masks" / target, pred, table)
        written.append(out_dir / "masks" / target)
        if overlays:
            save_png(out_dir / "overlays" / target, overlay(read_image(path), pred, table, name))
    return written, errors


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
