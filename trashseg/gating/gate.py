"""Switch steps of post-processing on where out-of-fold photographs say that they help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from trashseg.gating.changes import Changes, Counts, Flags, Mask
from trashseg.gating.choice import cross_fitted, halves
from trashseg.metrics import confusion_matrix, pooled_miou
from trashseg.post import Post, Step
from trashseg.scores import Bootstrap, Interval, difference_interval

Candidates = Mapping[str, Mapping[str, Step]]


class Photograph(NamedTuple):
    """A photograph, predicted by networks that did not see it.

    Args:
        group: those of one scene share one.
        image: (H, W, 3), RGB.
        probs: (K, H, W), float32.
        target: class ids (H, W), or ``IGNORE_INDEX``.
        agree: pixels (H, W) at which all members of an ensemble agree, which stay as they are.
    """

    group: int
    image: npt.NDArray[np.uint8]
    probs: Tensor
    target: Mask
    agree: Flags | None = None


@dataclass(frozen=True)
class Judgement:
    """What is known of one step alone.

    Args:
        name: the step.
        setting: the best of its settings.
        step: that setting, restricted to the classes that it helps.
        gain: mIoU with it less that without, on photographs that neither setting nor classes were chosen on.
        matrices: confusion matrices (N, K, K) after it.
        helps: whether it is worth having.
    """

    name: str
    setting: str
    step: Step
    gain: Interval
    matrices: Counts
    helps: bool


@dataclass(frozen=True)
class Decision:
    """The steps to apply, and why.

    Args:
        miou: mIoU without any.
        judgements: every step that was tried, alone.
        steps: those to apply, in order.
        together: mIoU with all of ``steps`` less that without, on the photographs they were chosen on; None without.
    """

    miou: float
    judgements: list[Judgement]
    steps: dict[str, Step]
    together: Interval | None


def decide(
    photographs: Callable[[], Iterable[Photograph]],
    candidates: Candidates,
    class_names: Sequence[str],
    *,
    level: float = 0.9,
    num_draws: int = 2000,
    seed: int = 0,
) -> Decision:
    """Judge every step alone and, where several help, all of them in sequence.

    A step helps if the interval of its gain lies above 0, its setting and classes being chosen on one half of the
    photographs' groups and judged on the other, both ways. It is applied to the classes that both halves chose.

    Args:
        photographs: gives the photographs anew, in the same order; called once or twice.
        candidates: name of a step -> name of a setting -> the step; in the order of application.
        class_names: the names of the K classes in the order of their ids.
        level: the probability that an interval is to hold.
        num_draws: resamplings of the groups behind an interval.
        seed: decides halves and resamplings.
    """
    groups, before, changes = _count(photographs(), candidates, class_names)
    bootstrap, half = Bootstrap(groups, level=level, num_draws=num_draws, seed=seed), halves(groups, seed)
    judgements = []
    for name, settings in changes.items():
        choice, unseen = cross_fitted(before, settings, half)
        gain = difference_interval(bootstrap, unseen, before)
        step = _restricted(candidates[name][choice.setting], choice.flags, class_names)
        after = settings[choice.setting].matrices(before, choice.flags)
        judgements.append(Judgement(name, choice.setting, step, gain, after, bool(choice.flags.any() and gain.low > 0)))
    steps, after = _in_sequence(photographs, [entry for entry in judgements if entry.helps], before, class_names)
    together = difference_interval(bootstrap, after, before) if steps else None
    return Decision(pooled_miou(before), judgements, steps, together)


def _count(
    photographs: Iterable[Photograph], candidates: Candidates, class_names: Sequence[str]
) -> tuple[Counts, Counts, dict[str, dict[str, Changes]]]:
    """Return groups (N,), confusion matrices without any step (N, K, K), and what each setting alone changes."""
    num_classes = len(class_names)
    plain = Post({}, class_names)
    alone = {
        (name, setting): (Post({name: step}, class_names), Changes(num_classes))
        for name, settings in candidates.items()
        for setting, step in settings.items()
    }
    groups, matrices = [], []
    for photograph in tqdm(photographs, desc="trying", leave=False, disable=None):
        pred = plain(photograph.image, photograph.probs)
        groups.append(photograph.group)
        matrices.append(_matrix(photograph.target, pred, num_classes))
        for post, changes in alone.values():
            changes.add(photograph.target, pred, post(photograph.image, photograph.probs, photograph.agree))
    found = {name: {setting: alone[name, setting][1] for setting in settings} for name, settings in candidates.items()}
    return np.array(groups), np.array(matrices), found


def _in_sequence(
    photographs: Callable[[], Iterable[Photograph]],
    helping: Sequence[Judgement],
    before: Counts,
    class_names: Sequence[str],
) -> tuple[dict[str, Step], Counts]:
    """Return the steps that help, one after the other or, where that is better, the best of them, and the result.

    Returns:
        The steps, and confusion matrices after them (N, K, K).
    """
    if not helping:
        return {}, before
    best = max(helping, key=lambda entry: pooled_miou(entry.matrices))
    steps = {entry.name: entry.step for entry in helping}
    if len(steps) > 1:
        post = Post(steps, class_names)
        passed = tqdm(photographs(), desc="in sequence", leave=False, disable=None)
        after = np.array(
            [_matrix(each.target, post(each.image, each.probs, each.agree), len(class_names)) for each in passed]
        )
        if pooled_miou(after) >= pooled_miou(best.matrices):
            return steps, after
    return {best.name: best.step}, best.matrices


def _restricted(step: Step, flags: Flags, class_names: Sequence[str]) -> Step:
    """Return ``step`` for the flagged classes alone; one for every object's class is not restricted."""
    if flags[1:].all():
        return step
    return replace(step, classes=[name for name, flag in zip(class_names, flags, strict=True) if flag])


def _matrix(target: Mask, pred: Mask, num_classes: int) -> Counts:
    matrix: Counts = confusion_matrix(torch.from_numpy(pred), torch.from_numpy(target), num_classes).numpy()
    return matrix
