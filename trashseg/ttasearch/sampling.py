"""Predict every view of every photograph once, and keep a byte a class of some pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from trashseg.inference import Predictor
from trashseg.metrics import confusion_matrix
from trashseg.ttasearch.cache import Photograph, ViewCache
from trashseg.types import IGNORE_INDEX, Batch

RANGE = 8.0
"""What lies further below a pixel's largest value counts as that far: where logarithms are merged, probabilities less
than .0003 = exp(-8) times the largest."""


def cache_views(
    predictors: Sequence[Predictor], batches: Iterable[Batch], cache: ViewCache, part: int, stride: int
) -> None:
    """Predict the photographs of one network that the cache lacks.

    Args:
        predictors: one for each view; they share the network.
        batches: labelled photographs; samples with index -1 are passed over.
        cache: where the maps go.
        part: number of the network.
        stride: every so many rows and columns of a photograph are kept.
    """
    for batch in tqdm(batches, desc="predicting", leave=False, disable=None):
        paths = {i: cache.path(part, index) for i, index in enumerate(batch["index"]) if index >= 0}
        missing = {i: path for i, path in paths.items() if not path.is_file()}
        if not missing:
            continue
        # View by view, so that the full maps of one view only are in memory.
        views = [[every(total, stride).cpu() for total in each(batch)] for each in predictors]
        for i, path in missing.items():
            levels = quantised(torch.stack([view[i] for view in views]))
            cache.add(path, photograph(batch["name"][i], levels, every(batch["mask"][i], stride)))


def quantised(maps: Tensor) -> Tensor:
    """Return what V views add to their merge, (V, K, P), float32, in 256 equal steps, uint8.

    The steps of a pixel go from its smallest value to its largest, over all views and classes, at most ``RANGE`` apart:
    neither sums nor maxima over views lose their order by that, and where a network doubts, its steps are fine.
    """
    high = maps.amax((0, 1))
    low = maps.amin((0, 1)).maximum(high - RANGE)
    shares = (maps.maximum(low) - low) / (high - low).clamp_min(torch.finfo().tiny)
    return (shares * 255).round_().to(torch.uint8)


def photograph(name: str, views: Tensor, target: Tensor) -> Photograph:
    """Put the pixels on which the views agree into counts; they are most, and no subset of the views changes them.

    The class with the largest value of each view has the largest sum, and the largest maximum, over any of them; of
    equal ones the first, here as there.

    Args:
        name: the photograph.
        views: levels (V, K, P), uint8.
        target: class ids, uint8, P of them, some perhaps ``IGNORE_INDEX``.
    """
    labelled = target != IGNORE_INDEX
    views, target = views[:, :, labelled], target[labelled]
    preds = torch.from_numpy(np.argmax(views.numpy(), axis=1))  # the first of equal ones, which torch does not promise
    agreed = (preds == preds[0]).all(0)
    counts = confusion_matrix(preds[0, agreed], target[agreed], views.shape[1])
    disputed = views[:, :, ~agreed].contiguous()
    return Photograph(name, disputed.numpy(), target[~agreed].numpy(), counts.numpy())


def every(maps: Tensor, stride: int) -> Tensor:
    """Return every ``stride``-th row and column of ``maps`` (..., H, W), from half a step on, flattened: (..., P)."""
    first = stride // 2
    # A photograph smaller than that keeps its first pixel.
    rows, columns = (slice(min(first, length - 1), None, stride) for length in maps.shape[-2:])
    return maps[..., rows, columns].flatten(-2)
