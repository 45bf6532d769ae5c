"""A data set of generated scenes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from trashseg.data.source import Source
from trashseg.types import ConfigError


@dataclass(frozen=True)
class GeneratedSource(Source):
    """Generated scenes in the competition's layout, made on first use; every scene is drawn anew.

    Args:
        root: folder; None: one in the cache, named by the numbers below.
        num_train: training scenes.
        num_val: validation scenes.
        num_test: scenes without labels.
        scene_size: side of the scenes in pixels.
        scene_seed: another number gives other scenes.

    Raises:
        ConfigError: a number is too small.
    """

    root: str | None = None
    num_train: int = 240
    num_val: int = 60
    num_test: int = 24
    scene_size: int = 256
    scene_seed: int = 0

    def __post_init__(self) -> None:
        if min(self.num_train, self.num_val, self.num_test) < 1 or self.scene_size < 64:
            raise ConfigError("data=synthetic needs at least one scene in each part and data.scene_size of 64 or more.")
        super().__post_init__()

    @functools.cached_property
    def folder(self) -> Path:
        """The folder of the JSON files and the scenes."""
        if self.root is not None:
            return super().folder
        numbers = f"{self.num_train}-{self.num_val}-{self.num_test}-{self.scene_size}px-seed{self.scene_seed}"
        return self.cache / f"synthetic-{numbers}"

    @property
    def can_leak(self) -> bool:
        """False: no two scenes belong together."""
        return False

    def ensure(self) -> None:
        """Generate the scenes where they are not there yet."""
        from trashseg.data.synthetic import ensure_synthetic

        counts = {"num_train": self.num_train, "num_val": self.num_val, "num_test": self.num_test}
        ensure_synthetic(self.folder, **counts, size=self.scene_size, seed=self.scene_seed)
