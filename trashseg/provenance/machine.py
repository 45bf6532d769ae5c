"""The machine that a run computes on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

TELLING = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
)
"""Environment variables that decide on how numbers are added up."""


def describe_machine(root: Path = Path("/")) -> dict[str, Any]:
    """Return processor, cores, memory, GPUs with their driver, system, name, and the variables that count.

    Read from files, since asking nvidia-smi takes up to seconds; elsewhere than on Linux some are left out.

    Args:
        root: the folder in which ``proc`` and ``dev`` lie.
    """
    proc = root / "proc"
    driver = re.search(r"\s(\d+\.\d+(?:\.\d+)?)\s", _text(proc / "driver/nvidia/version"))
    found = {
        "cpu": _field(_text(proc / "cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "cores": _cores(),
        "memory_gib": round(int((_field(_text(proc / "meminfo"), "MemTotal") or "0").split()[0]) / 2**20, 1),
        "gpus": _gpus(proc / "driver/nvidia/gpus", root / "dev"),
        "driver": driver[1] if driver else None,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "name": platform.node(),
    }
    return found | {"environment": {name: os.environ[name] for name in TELLING if name in os.environ}}


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpus(folder: Path, devices: Path) -> list[str]:
    """Return the names of the GPUs that this process can open: a container sees files about all of the machine's."""
    texts = [_text(path) for path in sorted(folder.glob("*/information"))]
    return [
        _field(text, "Model") or "unknown"
        for text in texts
        if (devices / f"nvidia{_field(text, 'Device Minor') or ''}").exists()
    ]


def _field(text: str, name: str) -> str | None:
    """Return the value of the first line ``name : value``."""
    match = re.search(rf"^{re.escape(name)}\s*:\s*(.+?)\s*$", text, re.MULTILINE)
    return match and match[1]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
