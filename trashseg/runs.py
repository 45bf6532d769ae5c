"""``trashseg runs``: every run in one table."""

from __future__ import annotations

import time
from pathlib import Path

from omegaconf import DictConfig, ListConfig

from trashseg.config import run_verb
from trashseg.types import DataError

ROOTS = ("outputs", "multirun")
"""Where runs lie unless told otherwise."""


def runs(cfg: DictConfig) -> None:
    """Print the runs as a table; write runs.csv and runs.html into the run's folder."""
    from trashseg.files import atomic_file
    from trashseg.runtable import choose, columns, differing, find_runs, render, table, write_csv

    found = find_runs(roots(cfg.root), time.time(), 60 * cfg.alive)
    chosen = choose(found, None if cfg.verb is None else several(cfg.verb), cfg.sort, cfg.limit)
    differences = differing(chosen)
    keys = columns(differences)
    folder = Path(cfg.run_dir)
    write_csv(folder / "runs.csv", chosen, keys)
    with atomic_file(folder / "runs.html") as temporary:
        temporary.write_text(render(chosen, keys), encoding="utf-8")
    print(table(chosen, differences))
    print(f"\nwritten  {folder / 'runs.csv'}\n         {folder / 'runs.html'}")


def roots(given: str | ListConfig | None) -> list[Path]:
    """Return the folders to look through.

    Raises:
        DataError: one that was given does not exist.
    """
    if given is None:
        return [Path(name) for name in ROOTS if Path(name).is_dir()]
    folders = [Path(name).expanduser() for name in several(given)]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise DataError(f"{missing[0]} is no folder; give root=FOLDER or root=[FOLDER,FOLDER].")
    return folders


def several(given: str | ListConfig) -> list[str]:
    """Return one value or a list of them as a list."""
    return [str(value) for value in given] if isinstance(given, ListConfig) else [str(given)]


def main() -> None:
    """Run the verb."""
    run_verb("runs", runs)


if __name__ == "__main__":
    main()
