"""What the counts of an evaluation say, with how far each figure can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trashseg.data.dataset import TrashDataset
from trashseg.inference.scoring import Scores
from trashseg.scores import (
    SIZES,
    Bootstrap,
    Calibration,
    Interval,
    apply_temperature,
    board_interval,
    class_intervals,
    fit_temperature,
    groups_with_class,
    mean_interval,
    miou_interval,
    miou_per_matrix,
    quantiles,
)


@dataclass(frozen=True)
class Summary:
    """Scores of K classes with their intervals.

    Args:
        num_groups: how many groups the photographs form; they are what is resampled.
        groups_with_class: how many of them truly show each class (K,).
        miou: mean IoU.
        ious: IoU of each class.
        board: the mIoU on maps of 256x256, and between which ends that of another set lies.
        num_board: how many photographs that set has.
        boundary: mean boundary IoU.
        boundary_ious: boundary IoU of each class (K,), NaN where absent.
        recalls: size of objects -> share of them found, over all classes.
        num_objects: size -> number of objects.
        temperature: the one that makes the confidences fit best.
        scaled: the calibration at that temperature, of the sampled pixels.
        image_quantiles: share of the photographs -> the mIoU that they do not exceed.
    """

    num_groups: int
    groups_with_class: npt.NDArray[np.int64]
    miou: Interval
    ious: list[Interval]
    board: Interval
    num_board: int
    boundary: Interval
    boundary_ious: npt.NDArray[np.float64]
    recalls: dict[str, Interval]
    num_objects: dict[str, int]
    temperature: float
    scaled: Calibration
    image_quantiles: dict[float, float]


def summarise(scores: Scores, bootstrap: Bootstrap, num_board: int) -> Summary:
    """Compute every figure of :class:`Summary`.

    Args:
        scores: the counts of at least one photograph.
        bootstrap: how to resample these photographs.
        num_board: photographs of the set whose score is to be foretold.
    """
    matrices, boundary = np.array(scores.matrices), np.array(scores.boundary)
    found, objects = np.array(scores.objects).sum(-1).transpose(2, 0, 1)  # (N, sizes) each
    temperature, scaled = _scaled(scores)
    hits, union = boundary.sum(0)
    recalls = bootstrap.intervals(found, objects, np.eye(len(SIZES)))
    return Summary(
        num_groups=len(bootstrap.group_sums(objects)),
        groups_with_class=groups_with_class(bootstrap, matrices),
        miou=miou_interval(bootstrap, matrices),
        ious=class_intervals(bootstrap, matrices),
        board=board_interval(bootstrap, np.array(scores.board), num_board),
        num_board=num_board,
        boundary=mean_interval(bootstrap, boundary[:, 0], boundary[:, 1]),
        boundary_ious=np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0),
        recalls=dict(zip(SIZES, recalls, strict=True)),
        num_objects=dict(zip(SIZES, objects.sum(0).tolist(), strict=True)),
        temperature=temperature,
        scaled=scaled,
        image_quantiles=quantiles(miou_per_matrix(matrices)),
    )


def group_labels(dataset: TrashDataset, positions: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the group of each photograph (N,): as its JSON records it, else a group of its own.

    Args:
        dataset: the scored photographs.
        positions: which of them, in the order of the scores.
    """
    split = dataset.split
    listed = split.positions[dataset.indices[list(positions)]].tolist()
    keys = [split.index.groups[i] or i for i in listed]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)


def _scaled(scores: Scores) -> tuple[float, Calibration]:
    """Return the temperature and, at it, the calibration of the sampled pixels."""
    log_probs, target = scores.sample.log_probs(), scores.sample.target()
    scaled = Calibration(len(scores.calibration.counts))
    temperature = fit_temperature(log_probs, target)
    if len(target):
        confidence, ids = apply_temperature(log_probs, temperature).max(1)
        scaled.update(ids.numpy().astype(np.uint8), target.numpy(), confidence.numpy())
    return temperature, scaled
