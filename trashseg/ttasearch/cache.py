"""What the views say of each photograph, on disk: a search that was killed goes on at the next photograph."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.files import atomic_file, write_json
from trashseg.types import ConfigError, DataError

ABOUT = "about.json"


@dataclass(frozen=True, eq=False)
class Photograph:
    """The sampled pixels of one photograph under V views, K classes.

    Args:
        name: the photograph.
        levels: (V, K, P), uint8, of the P pixels on which views differ.
        target: their true classes (P,), uint8.
        agreed: (K, K), int64, counts of the labelled pixels to which all views give one class; rows are the truth. Any
            subset of the views gives them that class too.
    """

    name: str
    levels: npt.NDArray[np.uint8]
    target: npt.NDArray[np.uint8]
    agreed: npt.NDArray[np.int64]


class ViewCache:
    """A folder with a file for each photograph.

    Args:
        folder: its own; made where it is missing.
        about: plain JSON values that say where the maps come from; those of one folder are all the same.

    Raises:
        ConfigError: the folder holds maps of another origin.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder = folder
        path, own = folder / ABOUT, json.loads(json.dumps(about))
        if not path.is_file():
            write_json(path, own)
        before = json.loads(path.read_bytes())
        for key in [*before, *own]:
            if before.get(key) != own.get(key):
                raise ConfigError(
                    f"{folder} was begun with {key}={before.get(key)}, this command has {key}={own.get(key)}; repeat "
                    "the first one's options to go on, or choose another hydra.run.dir."
                )
        for torn in folder.glob("*/.*.tmp*"):  # files that a kill cut off
            torn.unlink()

    def path(self, part: int, index: int) -> Path:
        """Return the file of a photograph, by the number of its network and its place in that network's data."""
        return self.folder / str(part) / f"{index:06d}.npz"

    def add(self, path: Path, photograph: Photograph) -> None:
        """Write the file of ``photograph``, atomically.

        Raises:
            DataError: the disk is full or fails.
        """
        try:
            with atomic_file(path) as temporary:
                np.savez(temporary, allow_pickle=False, **vars(photograph))
        except OSError as error:
            raise DataError(
                f"{path} cannot be written ({error.strerror or error}); free some space, or take fewer pixels with a "
                "larger stride. The same command goes on with what is there."
            ) from error

    def read(self, path: Path) -> Photograph:
        """Read a photograph's file.

        Raises:
            DataError: it is missing or damaged.
        """
        try:
            # numpy would leave a damaged file open.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = dict(file)
            return Photograph(str(arrays.pop("name")), **arrays)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is missing or damaged; remove it and repeat the command.") from error
