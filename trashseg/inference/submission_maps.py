"""Class maps of the test photographs at the size of a submission."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from trashseg.inference.predictor import Predictor
from trashseg.submission.probs import SHRINKS
from trashseg.types import Batch


def submission_maps(predictor: Predictor, batches: Iterable[Batch], shrink: str) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the class map (256, 256), uint8, of each photograph, in order.

    Args:
        predictor: the network.
        batches: photographs in the order of the JSON.
        shrink: a key of ``SHRINKS``.
    """
    for batch in tqdm(batches, desc="predicting", leave=False, disable=None):
        for probs in predictor(batch):
            yield SHRINKS[shrink](probs)
