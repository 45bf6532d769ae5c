"""What the competition's board would say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trashseg.scores.bootstrap import Bootstrap, Interval
from trashseg.scores.interval import miou_interval

BOARD_SIZE = 819
"""Photographs in the competition's test set of 2021 and early 2023."""


def board_interval(bootstrap: Bootstrap, matrices: npt.NDArray[np.integer], num_photographs: int) -> Interval:
    """Return the mIoU to expect on another set, and the interval in which its score will lie.

    Two things are uncertain: how good the network really is, known from these photographs alone, and which
    photographs the other set happens to have. Both are drawn in every replicate, so that the interval is wider than
    that of the mIoU itself. It knows nothing of a test set that differs in kind; and where a model was chosen among
    many by these photographs, their score is too high to begin with.

    Args:
        bootstrap: how to resample.
        matrices: confusion matrices (N, K, K) of the maps as they are submitted, shrunk to 256x256.
        num_photographs: the size of the other set; its groups are as large as those here.
    """
    return miou_interval(bootstrap, matrices, future=num_photographs)
