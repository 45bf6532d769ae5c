"""What a repetition prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trashseg.provenance import Difference
from trashseg.reproduction.comparing import SCORE, Comparison, Deviation

ROUNDING = 1e-3
"""A first difference that is relatively smaller can come from adding in another order; a larger one cannot."""

LOSS = "val/loss"


def listing(title: str, differences: Sequence[Difference]) -> str:
    """Return a line a difference under ``title``, or that there is none."""
    if not differences:
        return f"{title}: same"
    lines = [f"  {each.key}: {_shown(each.before)} then, {_shown(each.now)} now" for each in differences]
    return "\n".join([f"{title}:", *lines])


def table(comparison: Comparison) -> str:
    """Return a line an epoch that was validated: mIoU and loss then and now, and the largest difference of any value.

    Epochs are counted from 1, as everywhere in print.
    """
    head = f"{'epoch':>5}  {'mIoU then':>10}  {'now':>10}  {'loss then':>10}  {'now':>10}  largest difference"
    lines = [head]
    for step, row in sorted(comparison.before.items()):
        if SCORE in row:
            epoch, other = int(row.get("epoch", -1)), comparison.after.get(step, {})
            cells = "  ".join(_pair(row, other, name) for name in (SCORE, LOSS))
            lines.append(f"{epoch + 1:>5}  {cells}  {_largest(comparison, epoch)}")
    then, now = (_number(score) for score in comparison.scores)
    return "\n".join([*lines, f"{'best':>5}  {then}  {now}"])


def verdict(comparison: Comparison, changed: Sequence[Difference], config: Mapping[str, Any], gpu: bool) -> str:
    """Return in plain words whether the repetition came out the same, and what may be the reason where it did not.

    Args:
        comparison: of the run and its repetition.
        changed: what differs in software, code, machine and data.
        config: the run's.
        gpu: whether it computed on one.
    """
    largest = comparison.largest
    if largest is None:
        return f"identical to the last digit: {comparison.num_values} values{_scores(comparison)}"
    first = comparison.deviations[0]
    words = f"the largest difference is {_told(largest)}; it began at step {first.step} with {_told(first)}"
    return f"not identical: {words}.\n{_reason(first, changed, config, gpu)}"


def _reason(first: Deviation, changed: Sequence[Difference], config: Mapping[str, Any], gpu: bool) -> str:
    """Return what explains a difference that began with ``first``."""
    if first.relative > ROUNDING:
        named = "; look at what differs, above" if changed else ", and nothing else differs: please report it"
        return f"That is too much for a beginning by rounding, which other hardware or versions would explain{named}."
    small = "It began in the last digits, as sums do that are added in another order, and grew with every step"
    if changed:
        return f"{small}: other hardware and other versions (above) explain that."
    if gpu and not config["trainer"].get("deterministic"):
        return f"{small}: a GPU does so each time, unless trainer.deterministic=true."
    return f"{small}; nothing else differs, so please report it."


def _scores(comparison: Comparison) -> str:
    then, now = comparison.scores
    if math.isnan(then) and math.isnan(now):
        return "."
    return f", best mIoU {now:.6f}." if then == now else f"; but the best score is {then} then and {now} now."


def _told(each: Deviation) -> str:
    epoch = f" in epoch {each.epoch + 1}" if each.epoch >= 0 else ""
    return f"{each.name}, {each.before!r} then and {each.after!r} now{epoch}"


def _largest(comparison: Comparison, epoch: int) -> str:
    """Return the largest difference of an epoch, with its name."""
    own = [each for each in comparison.deviations if each.epoch == epoch]
    if not own:
        return "none"
    largest = max(own, key=lambda each: each.size)
    return f"{largest.size:.2g} ({largest.name})"


def _pair(row: Mapping[str, float], other: Mapping[str, float], name: str) -> str:
    return "  ".join(_number(values.get(name, math.nan)) for values in (row, other))


def _number(value: float) -> str:
    return f"{'-' if math.isnan(value) else f'{value:.6f}':>10}"


def _shown(value: Any) -> str:
    """Return a value in at most 60 characters; hashes are told apart by their first twelve."""
    text = "nothing" if value in (None, "", [], {}) else str(value)
    if len(text) in (40, 64) and all(letter in "0123456789abcdef" for letter in text):
        return text[:12]
    return text if len(text) <= 60 else f"{text[:57]}..."
