"""The table of networks, on the screen and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from trashseg.files import atomic_file, write_json
from trashseg.inventory.measure import Measured

COLUMNS = ("params M", "GFLOPs", "CPU ms", "NHWC x", "memory MB", "train MB", "ckpt MB")
LEGEND = """\
params M    millions of parameters            GFLOPs     of one image; a multiply-add counts as two
CPU ms      one image, this machine, fp32     NHWC x     times faster with model.channels_last=true
memory MB   a process predicting one image    train MB   kept for the backward pass, an image
ckpt MB     the same with model.grad_checkpointing=true; - where the network has no such option
Every network takes any image size, model.compile=true and callbacks.freeze.epochs=N."""


def heading() -> str:
    """Return the first line of the table."""
    return f"{'model':<26}" + "".join(f"{column:>11}" for column in COLUMNS)


def row(name: str, measured: Measured) -> str:
    """Return the line of one network."""
    return f"{name:<26}" + "".join(f"{cell:>11}" for cell in _cells(measured))


def write_tables(rows: Mapping[str, Measured], context: Mapping[str, object], out_dir: Path) -> list[Path]:
    """Write models.json and models.md into ``out_dir`` and return their paths.

    Args:
        rows: name -> what was measured.
        context: how it was measured.
        out_dir: the folder.
    """
    paths = [out_dir / "models.json", out_dir / "models.md"]
    write_json(paths[0], {**context, "models": {name: asdict(measured) for name, measured in rows.items()}})
    lines = ["| " + " | ".join(["model", *COLUMNS]) + " |", "|---|" + "---:|" * len(COLUMNS)]
    lines += ["| " + " | ".join([name, *_cells(measured)]) + " |" for name, measured in rows.items()]
    with atomic_file(paths[1]) as temporary:
        temporary.write_text("\n".join([*lines, "", *LEGEND.splitlines(), ""]), encoding="utf-8")
    return paths


def _cells(measured: Measured) -> list[str]:
    return [
        f"{measured.params / 1e6:.1f}",
        f"{measured.gflops:.1f}",
        f"{1000 * measured.seconds:.0f}",
        f"{measured.channels_last:.2f}",
        _megabytes(measured.memory_mb),
        _megabytes(measured.train_mb),
        _megabytes(measured.checkpointed_mb),
    ]


def _megabytes(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
