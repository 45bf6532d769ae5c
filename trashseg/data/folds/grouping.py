"""Ways to find the photographs that belong together, as the config names them."""

from __future__ import annotations

import csv
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from trashseg.data.groups import Groups, find_groups, groups_by_name, groups_by_time
from trashseg.types import DataError, did_you_mean

log = logging.getLogger(__name__)


class Grouping(ABC):
    """Finds groups of photographs that no fold may cut."""

    @abstractmethod
    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:
        """Return the groups of N photographs.

        Args:
            paths: their files.
            names: ``file_name`` of each.
            cache_dir: where what was found out about the files is kept.
        """


class Visual(Grouping):
    """Photographs that look alike.

    Args:
        scenes: whether several shots of one scene are a group too, not only copies of one shot.
    """

    def __init__(self, scenes: bool = True) -> None:
        self.scenes = scenes

    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:
        """Compare the photographs with each other."""
        return find_groups(paths, names, cache_dir=cache_dir, scenes=self.scenes)


class ByName(Grouping):
    """Photographs whose names agree.

    Args:
        pattern: a regular expression whose parentheses hold what names the scene.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:  # noqa: ARG002
        """Compare the names."""
        return groups_by_name(names, self.pattern)


class ByTime(Grouping):
    """Photographs that one camera took shortly after one another.

    Args:
        seconds: at most so many after the one before.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self.seconds = seconds

    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:  # noqa: ARG002
        """Compare the times in the files."""
        return groups_by_time(paths, self.seconds)


class Alone(Grouping):
    """Every photograph for itself."""

    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:  # noqa: ARG002
        """Return as many groups as photographs."""
        return Groups.from_labels(range(len(names)))


class Given(Grouping):
    """Groups from a table.

    Args:
        path: a CSV with the columns ``name`` and ``group``; who is not in it is a group of its own.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(str(path)).expanduser()

    def groups(self, paths: Sequence[Path], names: Sequence[str], cache_dir: Path) -> Groups:  # noqa: ARG002
        """Read the table.

        Raises:
            DataError: it cannot be read, lacks a column, or names a photograph that is none of ``names``.
        """
        given, known = _read_table(self.path), set(names)
        unknown = next((name for name in given if name not in known), None)
        if unknown is not None:
            raise DataError(f"{self.path}: no JSON file lists {unknown!r}. {did_you_mean(unknown, names)}")
        missing = len(known - set(given))
        if missing:
            log.warning("%d photographs are not in %s: each is a group of its own", missing, self.path)
        return Groups.from_labels([("given", given[name]) if name in given else ("alone", name) for name in names])


def _read_table(path: Path) -> dict[str, str]:
    """Return name -> group."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"grouping.path={path} cannot be read ({error}); give a CSV of name,group.") from error
    if not rows or not all(row.get("name") and row.get("group") for row in rows):
        raise DataError(f"{path} is no CSV with the first line name,group and both in every row; correct it.")
    return {row["name"]: row["group"] for row in rows}
