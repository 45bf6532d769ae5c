"""The table on the screen, and the chosen options as a config that training takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from trashseg.files import atomic_file, write_json
from trashseg.tuning.choosing import Found, Row
from trashseg.tuning.options import as_overrides

NAME_WIDTH, NOTE_WIDTH = 40, 110


def heading() -> str:
    """Return the first line of the table."""
    return f"{'option':<{NAME_WIDTH}}{'ms/step':>9}{'images/s':>10}{'speed':>7}{'MiB':>8}  note"


def row_text(row: Row) -> str:
    """Return a line of the table; a long name has a line of its own."""
    cells = f"{'-':>9}{'-':>10}{'-':>7}{'-':>8}"
    if row.timing is not None and row.speed is not None:
        memory = "-" if row.timing.memory_mb is None else f"{row.timing.memory_mb:.0f}"
        cells = f"{row.timing.step_ms:>9.1f}{row.timing.images_per_s:>10.1f}{row.speed:>7.2f}{memory:>8}"
    note = row.note if len(row.note) <= NOTE_WIDTH else f"{row.note[: NOTE_WIDTH - 3]}..."
    name = f"{row.name:<{NAME_WIDTH}}" if len(row.name) < NAME_WIDTH else f"{row.name}\n{'':<{NAME_WIDTH}}"
    return f"{name}{cells}  {note}".rstrip()


def verdict(found: Found) -> str:
    """Return what the table says, in two lines."""
    fast, slow = min(found.bases), max(found.bases)
    noise = (
        f"noise       {100 * found.noise:.1f} %: the base took {fast:.1f} to {slow:.1f} ms in {len(found.bases)} "
        "measurements; a smaller gain is not taken"
    )
    if not found.chosen:
        return f"{noise}\nbest        the base: nothing makes it faster beyond the noise"
    return f"{noise}\nbest        {as_overrides(found.chosen)}: {found.speed:.2f} times the base's speed"


def write_report(folder: Path, found: Found, context: Mapping[str, Any]) -> list[Path]:
    """Write tune_speed.json, and speed/chosen.yaml where something was chosen, and return their paths.

    Args:
        folder: the run's.
        found: the result.
        context: what was measured and where, plain values.
    """
    document = folder / "tune_speed.json"
    write_json(document, {**context, **asdict(found), "noise": found.noise})
    if not found.chosen:
        return [document]
    option = folder / "speed" / "chosen.yaml"
    with atomic_file(option) as temporary:
        temporary.write_text(option_text(found, str(context["where"])), encoding="utf-8")
    return [document, option]


def option_text(found: Found, where: str) -> str:
    """Return the text of a config that sets what was chosen, for ``+speed=chosen``."""
    node = OmegaConf.create()
    for key, value in found.chosen.items():
        OmegaConf.update(node, key, value, force_add=True)
    note = [f"Chosen by trashseg tune-speed, {found.speed:.2f} times the speed:", *where.splitlines()]
    return "\n".join(["# @package _global_", *(f"# {line}" for line in note), OmegaConf.to_yaml(node)])
