"""What a run logs, as metrics.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from trashseg.files import atomic_file

Row = dict[str, Any]
FIRST = ("step", "epoch")


class MetricsFile(Logger):
    """Write one row a step that logged something; an empty cell stands for a value that this step did not log.

    A resumed run goes on in the same file: rows from its first step on, which the interrupted run wrote after its last
    checkpoint, are written anew. (Lightning's CSVLogger deletes the file of the interrupted run.)

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = Path(path)
        self._columns: list[str] = []
        self._row: Row = {}
        self._start = 0  # where the file's last row begins, in bytes
        self._begun = False

    @property
    def name(self) -> str:
        """Nothing: Lightning would make a folder of this name."""
        return ""

    @property
    def version(self) -> str:
        """Nothing: a run's folder holds one file."""
        return ""

    @property
    def log_dir(self) -> str:
        """The folder of the file."""
        return str(self.path.parent)

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the run's folder holds the config."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Add values to the row of ``step``; steps never go back."""
        step = int(self._row.get("step", 0) if step is None else step)
        if not self._begun:
            self._take_up(step)
        if self._row.get("step") != step:
            self._row, self._start = {"step": step}, self.path.stat().st_size if self.path.exists() else 0
        self._row.update({name: float(value) for name, value in metrics.items()})
        if "epoch" in self._row:
            self._row["epoch"] = int(self._row["epoch"])
        self._write()

    def _write(self) -> None:
        """Write the current row over its earlier form, or the whole file where there are new columns."""
        new = sorted(name for name in self._row if name not in self._columns)
        if new:
            earlier = [row for row in _read(self.path) if int(row["step"]) < self._row["step"]]
            known = [name for name in (*self._columns, *new) if name not in FIRST]
            self._columns = [*FIRST, *known]
            self._start = self._rewrite(earlier)
        with self.path.open("r+", newline="", encoding="utf-8") as stream:
            stream.seek(self._start)
            stream.truncate()
            csv.DictWriter(stream, self._columns).writerow(self._row)

    def _take_up(self, step: int) -> None:
        """Keep what an interrupted run wrote before ``step``."""
        self._begun = True
        earlier = [row for row in _read(self.path) if int(row["step"]) < step]
        if earlier:
            self._columns = list(earlier[0])
            self._start = self._rewrite(earlier)
        else:
            self.path.unlink(missing_ok=True)

    def _rewrite(self, rows: list[Row]) -> int:
        """Write header and ``rows`` and return the file's length in bytes."""
        with atomic_file(self.path) as temporary:
            with temporary.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, self._columns)
                writer.writeheader()
                writer.writerows(rows)
            return temporary.stat().st_size


def _read(path: Path) -> list[Row]:
    """Return the complete rows of the file; a row that a kill cut short is left out."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if None not in row.values() and row["step"].isdigit()]
