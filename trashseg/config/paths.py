"""Where the config tree lies."""

from __future__ import annotations

from pathlib import Path


def conf_dir() -> Path:
    """Return the folder of the config tree: inside the installed package, or beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def group_options(group: str) -> list[str]:
    """Return the names of the options of ``group``, such as ``optim/schedule``; none where there is none."""
    return sorted(path.stem for path in (conf_dir() / group).glob("*.yaml"))
