"""The data module of the generated scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trashseg.data.cache import default_cache_dir
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.folds.leaks import Leak
from trashseg.data.synthetic import ensure_synthetic
from trashseg.types import ConfigError


class SyntheticDataModule(TrashDataModule):
    """Generated scenes in the competition's layout, made on first use.

    Args:
        root: folder; None: one in the cache, named by the numbers below.
        num_train: training scenes.
        num_val: validation scenes.
        num_test: scenes without labels.
        scene_size: side of the scenes in pixels.
        scene_seed: another number gives other scenes.
        others: the keywords of :class:`TrashDataModule`.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        num_train: int = 240,
        num_val: int = 60,
        num_test: int = 24,
        scene_size: int = 256,
        scene_seed: int = 0,
        **others: Any,
    ) -> None:
        if min(num_train, num_val, num_test) < 1 or scene_size < 64:
            raise ConfigError("data=synthetic needs at least one scene in each part and data.scene_size of 64 or more.")
        if root is None:
            cache = Path(others["cache_dir"]) if others.get("cache_dir") else default_cache_dir()
            root = str(cache / f"synthetic-{num_train}-{num_val}-{num_test}-{scene_size}px-seed{scene_seed}")
        super().__init__(root=root, **others)
        self.counts = {"num_train": num_train, "num_val": num_val, "num_test": num_test}
        self.scene_size, self.scene_seed = scene_size, scene_seed

    def prepare_data(self) -> None:
        """Generate the scenes where they are not there yet, then check them like any other data."""
        self.generate()
        super().prepare_data()

    def leaks(self) -> list[Leak]:
        """Return none: every scene is drawn anew."""
        return []

    def generate(self) -> None:
        """Generate the scenes where they are not there yet."""
        ensure_synthetic(Path(self.source.root), **self.counts, size=self.scene_size, seed=self.scene_seed)
