"""The members of an ensemble as the command line lists them: what each path is, and what to call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trashseg.crossval.run import RECORD
from trashseg.ensembling.kinds import CrossValidation, Member, Network, Stored, Submitted
from trashseg.types import ConfigError, DataError

KINDS: tuple[tuple[Callable[[Path], bool], Callable[[str, Path], Member]], ...] = (
    (lambda path: path.suffix == ".csv", Submitted),
    (lambda path: (path / RECORD).is_file(), CrossValidation),
    (Path.is_dir, Stored),
    (Path.is_file, Network),
)
"""How a path tells what it is; the first that fits."""

_DULL = ("checkpoints", "best.ckpt", "last.ckpt", "store", "oof", "submission.csv")
"""Parts of paths that all runs have."""


def open_members(listed: Any) -> list[Member]:
    """Return the members of the config, without opening them.

    Args:
        listed: paths, or name -> path.

    Raises:
        ConfigError: there are none, one stands there twice, or it does not exist.
        DataError: they predict different classes.
    """
    named = dict(listed) if isinstance(listed, Mapping) else _named([str(path) for path in _listed(listed)])
    if not named:
        raise ConfigError("members is empty; give members=[A,B]: checkpoints, runs of cv, stores or submissions.")
    members = [_member(str(name), Path(str(path)).expanduser()) for name, path in named.items()]
    for member in members[1:]:
        if member.classes != members[0].classes:
            raise DataError(
                f"{member.name} predicts {', '.join(member.classes)}, {members[0].name} "
                f"{', '.join(members[0].classes)}; only the same classes in the same order can be voted on."
            )
    return members


def _listed(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str) else value


def _member(name: str, path: Path) -> Member:
    if not path.exists():
        raise ConfigError(f"members: {path} does not exist; give checkpoints, runs of cv, stores or submissions.")
    return next(make for fits, make in KINDS if fits(path))(name, path)


def _named(paths: Sequence[str]) -> dict[str, str]:
    """Return a short name for each path: the last part that says something, numbered where two are alike."""
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise ConfigError(f"members holds {twice} twice; to count it more, give weights=.")
    named: dict[str, str] = {}
    for path in paths:
        short = next((part for part in reversed(Path(path).parts) if part not in _DULL), path)
        short = Path(short).stem if short.endswith((".csv", ".ckpt")) else short
        number = sum(name.rpartition("#")[0] == short or name == short for name in named)
        named[f"{short}#{number + 1}" if number else short] = path
    return named
