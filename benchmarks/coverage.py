"""How often a 90 % interval holds: trashseg.scores against the plain percentile bootstrap, by simulation.

Run it as ``python benchmarks/coverage.py [simulated sets]``. Photographs come from a made-up population whose scores
are known: eleven classes, two of them rare; groups of photographs that show one scene, alike in what they show, how
large and how well it is found; two recipes, the second a little better. Each simulated set gives intervals for the
mIoU, each class's IoU, the difference of the recipes and the score of a new set of 819 photographs.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trashseg.scores import (
    BOARD_SIZE,
    MIN_GROUPS,
    Bootstrap,
    Interval,
    board_interval,
    class_intervals,
    difference_interval,
    groups_with_class,
    miou_interval,
)

Floats = npt.NDArray[np.float64]

LEVEL, REPLICATES, GROUP_SIZE = 0.9, 1000, 2.0
SHOWN = np.array([1, 0.35, 0.55, 0.12, 0.10, 0.12, 0.25, 0.10, 0.45, 0.05, 0.06])  # share of scenes with a class
AREA = np.array([180, 12, 30, 8, 8, 8, 9, 15, 40, 4, 15]) * 1e3  # typical pixels of 262,144
FOUND = np.array([0.95, 0.45, 0.78, 0.6, 0.65, 0.6, 0.55, 0.7, 0.82, 0.5, 0.5])  # typical share of them
GAIN = 0.08  # of the second recipe, in logits
NUM_CLASSES = len(SHOWN)


class Photographs(NamedTuple):
    """Two recipes' confusion matrices (N, K, K) of the same photographs, and their groups (N,)."""

    ours: npt.NDArray[np.int64]
    theirs: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]


def photographs(rng: np.random.Generator, num_groups: int) -> Photographs:
    """Draw groups of photographs; their sizes are geometric."""
    groups = np.repeat(np.arange(num_groups), rng.geometric(1 / GROUP_SIZE, num_groups))
    shape, scene_shape = (len(groups), NUM_CLASSES), (num_groups, NUM_CLASSES)
    shown = (rng.random(scene_shape) < SHOWN)[groups] & (rng.random(shape) < 0.9)
    shown[:, 0] = True
    spread = rng.normal(0, 0.8, scene_shape)[groups] + rng.normal(0, 0.4, shape)
    area = shown * AREA * np.exp(spread)
    area *= 512 * 512 / area.sum(1, keepdims=True)
    ease = 1.1 * np.log(FOUND / (1 - FOUND)) + rng.normal(0, 1, scene_shape)[groups] + rng.normal(0, 0.7, shape)
    matrices = [confused(rng, area, ease + rng.normal(0, 0.5, scene_shape)[groups] + gain) for gain in (0, GAIN)]
    return Photographs(matrices[1], matrices[0], groups)


def confused(rng: np.random.Generator, area: Floats, ease: Floats) -> npt.NDArray[np.int64]:
    """Return confusion matrices: what is missed goes to other classes, to frequent ones mostly."""
    found = area / (1 + np.exp(-ease))
    taken_for = rng.dirichlet(3 * SHOWN / SHOWN.sum(), size=area.shape)
    taken_for[:, np.arange(NUM_CLASSES), np.arange(NUM_CLASSES)] = 0
    taken_for /= taken_for.sum(2, keepdims=True)
    matrices = ((area - found)[..., None] * taken_for).astype(np.int64)
    matrices[:, np.arange(NUM_CLASSES), np.arange(NUM_CLASSES)] = np.rint(area) - matrices.sum(2)
    return matrices


def ious(matrices: npt.NDArray[np.int64]) -> Floats:
    """Return the IoU (..., K) of matrices (..., K, K), 0 for an absent class."""
    hits = matrices.diagonal(axis1=-2, axis2=-1)
    return hits / np.maximum(matrices.sum(-1) + matrices.sum(-2) - hits, 1)


def percentile(rng: np.random.Generator, sample: Photographs) -> list[Interval]:
    """Return the plain bootstrap's intervals of mIoU, every class's IoU and the difference."""
    num_groups = sample.groups.max() + 1
    times = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=REPLICATES)
    sums = [np.zeros((num_groups, NUM_CLASSES, NUM_CLASSES)) for _ in range(2)]
    for total, matrices in zip(sums, sample[:2], strict=True):
        np.add.at(total, sample.groups, matrices)
    ours, theirs = (ious(np.tensordot(times, total, 1)) for total in sums)
    present = sample.ours.any(axis=(0, 1)) | sample.ours.any(axis=(0, 2))
    values = np.column_stack([ours[:, present].mean(1), ours, (ours - theirs)[:, present].mean(1)])
    ends = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [Interval(np.nan, low, high, LEVEL) for low, high in ends.T]


def studentised(seed: int, sample: Photographs) -> list[Interval]:
    """Return trashseg's intervals of the same and, last, of a new set's score."""
    bootstrap = Bootstrap(sample.groups, level=LEVEL, num_draws=REPLICATES, seed=seed)
    return [
        miou_interval(bootstrap, sample.ours),
        *class_intervals(bootstrap, sample.ours),
        difference_interval(bootstrap, sample.ours, sample.theirs),
        board_interval(bootstrap, sample.ours, BOARD_SIZE),
    ]


def holds(interval: Interval, true: float) -> float:
    """Say whether the interval holds the true value, NaN where it has no ends."""
    return np.nan if np.isnan(interval.low) else float(interval.low <= true <= interval.high)


def simulate(num_groups: int, num_sets: int, truth: tuple[Floats, Floats]) -> dict[str, Floats]:
    """Return for each method, in each simulated set, whether its intervals hold."""
    rng = np.random.default_rng(num_groups)
    outcome: dict[str, list[list[float]]] = {"percentile": [], "trashseg": []}
    for number in range(num_sets):
        sample = photographs(rng, num_groups)
        present = sample.ours.any(axis=(0, 1)) | sample.ours.any(axis=(0, 2))
        new = ious(photographs(rng, round(BOARD_SIZE / GROUP_SIZE)).ours.sum(0))[present].mean()
        gain = (truth[0] - truth[1])[present].mean()
        true = [truth[0][present].mean(), *truth[0], gain, new]
        few = groups_with_class(Bootstrap(sample.groups), sample.ours) < MIN_GROUPS
        for name, intervals in (
            ("percentile", percentile(rng, sample)),
            ("trashseg", studentised(number, sample)),
        ):
            held = [holds(interval, value) for interval, value in zip(intervals, true, strict=False)]
            held[1 : 1 + NUM_CLASSES] = np.where(few, np.nan, held[1 : 1 + NUM_CLASSES])
            outcome[name].append(held)
    return {name: np.array(held) for name, held in outcome.items()}


def main() -> None:
    num_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    population = photographs(np.random.default_rng(0), 30_000)
    truth = ious(population.ours.sum(0)), ious(population.theirs.sum(0))
    print(f"true mIoU {truth[0].mean():.4f}, gain of the better recipe {(truth[0] - truth[1]).mean():.4f}")
    print(f"{num_sets} simulated sets, {REPLICATES} replicates; coverage of {LEVEL:.0%} intervals, wanted: 85 to 95 %")
    print(f"{'photographs':>11}  {'method':<11}{'mIoU':>6}{'difference':>12}{'new set':>9}  IoU of each class")
    for num_photographs in (100, 200, 400):
        start = time.process_time()
        for name, held in simulate(round(num_photographs / GROUP_SIZE), num_sets, truth).items():
            share = 100 * np.nanmean(held, axis=0)
            often = np.isfinite(held).mean(0) > 0.5
            classes = " ".join(f"{share[c]:.0f}" if often[c] else "-" for c in range(1, 1 + NUM_CLASSES))
            new = f"{share[-1]:.0f}" if name == "trashseg" else "-"
            row = f"{share[0]:6.0f}{share[1 + NUM_CLASSES]:12.0f}{new:>9}  {classes}"
            print(f"{num_photographs:>11}  {name:<11}{row}")
        print(f"{'':13}{time.process_time() - start:.0f} s of CPU")
    print(f"a class has an interval where at least {MIN_GROUPS} groups show it; -: in less than half of the sets")


if __name__ == "__main__":
    main()
