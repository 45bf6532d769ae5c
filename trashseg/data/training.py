"""The photographs to train on: all that mixing and oversampling may know of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trashseg.data.prepared import PreparedSplit


@dataclass(frozen=True)
class TrainingPart:
    """The photographs that a network is trained on.

    Args:
        split: the file that holds them, maybe beside others that validate.
        indices: (N,), their positions in ``split``.
        class_of: category id -> class id, ``IGNORE_INDEX`` or ``UNPAINTED``.
        names: the classes, background first.
        cache_dir: where what is made of them is kept.
    """

    split: PreparedSplit
    indices: npt.NDArray[np.int64]
    class_of: Mapping[int, int]
    names: tuple[str, ...]
    cache_dir: Path
