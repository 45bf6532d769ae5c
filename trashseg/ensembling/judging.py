"""What an ensemble gains, and what of that is left on photographs that did not choose it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trashseg.ensembling.choice import Strategy, Weights
from trashseg.metrics import pooled_miou
from trashseg.scores import Bootstrap, Interval, difference_interval, miou_interval, verdict
from trashseg.voting import PixelTable, Scoreboard

NUM_PARTS = 5
"""Parts of the photograph groups; each is judged with the weights that the other four chose."""

Matrices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """How good weights are, on a grid of pixels of every labelled photograph.

    Args:
        weights: (M, K), whole numbers.
        alone: the mIoU of each member.
        without: the mIoU of the ensemble without each member, NaN where none is left.
        chosen: of the ensemble, on the photographs that chose it.
        held_out: of ensembles chosen in the same way on other photographs; None where nothing was chosen.
        equal: of equal weights.
        sentence: whether the ensemble is better than its best member.
    """

    weights: Weights
    alone: Sequence[float]
    without: Sequence[float]
    chosen: Interval
    held_out: Interval | None
    equal: Interval
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        ends = {key: getattr(self, key) for key in ("chosen", "held_out", "equal")}
        return {
            "alone": list(self.alone),
            "without": list(self.without),
            **{key: None if each is None else [each.value, each.low, each.high] for key, each in ends.items()},
            "verdict": self.sentence,
        }


def judge(table: PixelTable, strategy: Strategy, *, seed: int = 0) -> Judgement:
    """Choose weights and say what they gain.

    Args:
        table: members at sampled pixels.
        strategy: how weights come about.
        seed: of the parts and of the intervals.
    """
    board = Scoreboard(lambda counts: table.matrices(np.array(counts)))
    weights = strategy.learn(table, board)
    singles = [table.matrices(row) for row in np.eye(table.num_members, dtype=np.int64)]
    alone = list(map(pooled_miou, singles))
    chosen = table.matrices(weights)
    held_out = _held_out(table, strategy, board, seed) if strategy.learns else None
    bootstrap = Bootstrap(seed=seed)
    honest, best = chosen if held_out is None else held_out, int(np.argmax(alone))
    sentence = (
        "The ensemble says what its best member says."
        if np.array_equal(honest, singles[best])
        else verdict(difference_interval(bootstrap, honest, singles[best]), "the ensemble", strategy.names[best])
    )
    return Judgement(
        weights=weights,
        alone=alone,
        without=[_without(table, weights, member) for member in range(table.num_members)],
        chosen=miou_interval(bootstrap, chosen),
        held_out=None if held_out is None else miou_interval(bootstrap, held_out),
        equal=miou_interval(bootstrap, table.matrices(np.ones(table.num_members, np.int64))),
        sentence=sentence,
    )


def _without(table: PixelTable, weights: Weights, member: int) -> float:
    rest = weights.copy()
    rest[member] = 0
    return pooled_miou(table.matrices(rest)) if rest.any() else float("nan")


def _held_out(table: PixelTable, strategy: Strategy, board: Scoreboard, seed: int) -> Matrices:
    """Return the confusion matrices (G, K, K) of every group under weights that the groups of other parts chose."""
    parts = np.random.default_rng(seed).permutation(table.num_groups) % NUM_PARTS
    matrices = np.zeros((table.num_groups, table.num_classes, table.num_classes), np.int64)
    for part in range(min(NUM_PARTS, table.num_groups)):
        inside = parts == part
        weights = strategy.learn(table, board, draw=(~inside).astype(np.float64))
        matrices[inside] = table.matrices(weights)[inside]
    return matrices


def judgement_text(judgement: Judgement, names: Sequence[str], how: str) -> str:
    """Return the judgement as a table.

    Args:
        judgement: of the ensemble.
        names: of the members.
        how: the way in which the weights came about, for example ``search=greedy``.
    """
    width = max(16, len(how), *map(len, names)) + 2
    lines = [f"{'member':<{width}}{'alone':>8}{'weight':>9}{'without it':>12}"]
    shares = judgement.weights.mean(1) / max(1e-9, judgement.weights.mean(1).max())
    for name, alone, share, without in zip(names, judgement.alone, shares.tolist(), judgement.without, strict=True):
        change = without - judgement.chosen.value
        lines.append(f"{name:<{width}}{alone:>8.4f}{share:>9.2f}{'-' if np.isnan(change) else f'{change:+.4f}':>12}")
    lines.append(f"{'equal weights':<{width}}{judgement.equal}")
    if judgement.held_out is None:
        lines.append(f"{'ensemble':<{width}}{judgement.chosen}")
    else:
        lines.append(f"{how:<{width}}{judgement.held_out}  chosen on other photographs: this is what to expect")
        lines.append(f"{'':<{width}}{judgement.chosen}  on the photographs that chose it")
    return "\n".join([*lines, judgement.sentence])
