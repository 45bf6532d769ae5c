"""The run that is to be repeated, and why some cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trashseg.provenance import NAME, Start, read_starts
from trashseg.types import ConfigError, DataError

METRICS = "metrics.csv"
GOING_ON = ("ckpt_path", "resume", "run_dir")
"""Keys in which the starts of one run may differ."""


@dataclass(frozen=True)
class Original:
    """A training run with all that is needed to repeat it.

    Args:
        folder: where it lies now.
        starts: its starts; more than one where it was interrupted and went on.
    """

    folder: Path
    starts: list[Start]

    @property
    def first(self) -> Start:
        """The start that the repetition repeats."""
        return self.starts[0]

    @property
    def made_in(self) -> Path:
        """The folder that it was written into, which may have been moved since."""
        return Path(self.first.config["run_dir"])

    @property
    def on_gpu(self) -> bool:
        """Whether it computed on a GPU."""
        return bool(self.first.machine["gpus"]) and self.first.config["trainer"]["accelerator"] != "cpu"

    @property
    def working_folder(self) -> Path:
        """What its relative paths are relative to: the folder that it was started from, where that is still there."""
        return Path(self.first.folder) if Path(self.first.folder).is_dir() else Path.cwd()


def open_original(folder: Path) -> Original:
    """Open the run in ``folder``.

    Raises:
        DataError: it is no run, left no record or no metrics, or does not say where it began.
        ConfigError: it is no training.
    """
    if not folder.is_dir():
        raise DataError(f"run={folder} is not a folder; give that of a training run, such as outputs/train/DATE_TIME.")
    starts = read_starts(folder)
    if not starts:
        raise DataError(_without_record(folder))
    verb = starts[0].verb
    if verb != "train":
        hint = f"its folds are trainings: run={folder}/fold_0" if verb == "cv" else "give the folder of a training run"
        raise ConfigError(f"run={folder} is a run of trashseg {verb}; only trainings are repeated: {hint}.")
    if not (folder / METRICS).is_file():
        raise DataError(f"{folder} holds no {METRICS} (logger=none, or it ended too early): nothing to compare with.")
    _check_beginning(folder, starts[0].config)
    _check_one_config(folder, starts)
    return Original(folder, starts)


def _without_record(folder: Path) -> str:
    """Return the message for a folder without a record, with the command line where Hydra kept it."""
    path = folder / ".hydra" / "overrides.yaml"
    if not path.is_file():
        return f"{folder} holds no {NAME}: it is no run of trashseg; give the folder of a training run."
    overrides = " ".join(map(str, yaml.safe_load(path.read_bytes()) or []))
    return (
        f"{folder} holds no {NAME}: it is of an older trashseg, which did not keep what a run comes from. Repeat it by "
        f"its command line: trashseg train {overrides}"
    ).rstrip()


def _check_beginning(folder: Path, config: Mapping[str, Any]) -> None:
    if config.get("ckpt_path") in ("best", "last"):
        raise DataError(
            f"{folder} went on from ckpt_path={config['ckpt_path']}, the newest file at that time, which its record "
            "does not name; give a run that began from scratch or from a named checkpoint."
        )


def _check_one_config(folder: Path, starts: list[Start]) -> None:
    """Refuse a run that went on with another config, as with more epochs: no single run has such metrics."""
    first = _told(starts[0].config)
    for later in starts[1:]:
        for key, value in _told(later.config).items():
            if value != first.get(key):
                raise DataError(
                    f"{folder} was begun with {key}={first.get(key)} and went on with {key}={value}: one training with "
                    "one config cannot repeat both. Give a run with one config."
                )


def _told(node: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return dotted key -> value of a config, without what may differ between the starts of a run."""
    found: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, Mapping):
            found |= _told(value, f"{before}{name}.")
        elif before or name not in GOING_ON:
            found[f"{before}{name}"] = value
    return found
