"""Scores on disk: what was counted on single photographs, so that folds can be put together and recipes compared."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from trashseg.files import atomic_file
from trashseg.inference.scoring import Scores
from trashseg.scores import Calibration, PixelSample
from trashseg.types import DataError

_LISTS = ("matrices", "board", "boundary", "objects")
_PLACES = ("names", "positions")
_SUMS = ("counts", "hits", "confidence")


def save_scores(path: Path, scores: Scores) -> None:
    """Write ``scores``, but the gallery of the worst, to ``path`` (.npz), atomically."""
    arrays = {name: np.array(getattr(scores, name)) for name in (*_PLACES, *_LISTS)}
    arrays |= {name: getattr(scores.calibration, name) for name in _SUMS}
    drawn = {"log_probs": scores.sample.log_probs().numpy(), "target": scores.sample.target().numpy()}
    with atomic_file(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays, **drawn)


def load_scores(paths: Sequence[Path]) -> Scores:
    """Read the scores in ``paths`` as one; the galleries of the worst stay empty.

    Raises:
        DataError: a file is missing or damaged.
    """
    parts = [_read(path) for path in paths]
    scores = Scores(Calibration(len(parts[0]["counts"])), PixelSample())
    for part in parts:
        for name in _PLACES:
            getattr(scores, name).extend(part[name].tolist())
        for name in _LISTS:
            getattr(scores, name).extend(part[name])
        for name in _SUMS:
            setattr(scores.calibration, name, getattr(scores.calibration, name) + part[name])
        scores.sample.extend(torch.from_numpy(part["log_probs"]), torch.from_numpy(part["target"]))
    return scores


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        # numpy would leave a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is missing or damaged; run trashseg cv again with the same hydra.run.dir.") from error
