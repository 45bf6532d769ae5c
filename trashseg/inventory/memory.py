"""This process's memory, as Linux accounts for it; None elsewhere."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""What makes the kernel forget the peak so far (proc(5))."""


def resident_bytes() -> int | None:
    """Return the bytes in memory now."""
    return _field("VmRSS")


def peak_bytes() -> int | None:
    """Return the most bytes that were in memory since the start or :func:`restart_peak`."""
    return _field("VmHWM")


def restart_peak() -> None:
    """Count the peak from now on."""
    if CLEAR.exists():
        CLEAR.write_text(RESET_PEAK)


def _field(name: str) -> int | None:
    if not STATUS.exists():
        return None
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
