"""The gate's decision as a table and as an option of the group ``post``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from trashseg.files import atomic_file
from trashseg.gating.gate import Decision, Judgement
from trashseg.post import Step
from trashseg.scores import Interval

CHOSEN = Path("post") / "chosen.yaml"
"""Where the option lies in a run's folder: ``--config-dir RUN post=chosen`` loads it."""


def decision_text(decision: Decision) -> str:
    """Return a line for every step tried, and one for those applied together."""
    lines = [f"mIoU {decision.miou:.4f} without post-processing", f"{'step':<10}{'setting':<10}{'':5}gain in mIoU"]
    lines += [_line(entry) for entry in decision.judgements]
    if decision.together is not None:
        lines.append(f"{'together':<20}{'':5}{_gain(decision.together)}, on the photographs that chose them")
    return "\n".join(lines)


def to_config(steps: dict[str, Step]) -> dict[str, dict[str, Any]]:
    """Return steps as plain values, in the form of an option of ``conf/post``."""
    return {name: {"_target_": _path(step), **asdict(step)} for name, step in steps.items()}


def write_chosen(run_dir: Path, decision: Decision) -> Path:
    """Write the steps to apply to ``run_dir``, atomically; return the file."""
    path = run_dir / CHOSEN
    with atomic_file(path) as temporary:
        text = OmegaConf.to_yaml(OmegaConf.create(to_config(decision.steps)))
        temporary.write_text(f"# What out-of-fold photographs chose; mIoU {decision.miou:.4f} without.\n{text}")
    return path


def _line(entry: Judgement) -> str:
    classes = "" if entry.step.classes is None else f"; for {', '.join(entry.step.classes) or 'no class'}"
    return f"{entry.name:<10}{entry.setting:<10}{'on' if entry.helps else 'off':<5}{_gain(entry.gain)}{classes}"


def _gain(gain: Interval) -> str:
    if gain.low != gain.low:
        return f"{gain.value:+.4f} (too few photographs that differ)"
    return f"{gain.value:+.4f} ({100 * gain.level:.0f} % interval {gain.low:+.4f} to {gain.high:+.4f})"


def _path(step: Step) -> str:
    return f"{type(step).__module__}.{type(step).__qualname__}"
