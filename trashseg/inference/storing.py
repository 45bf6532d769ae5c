"""The prediction store of a run: where it lies and what its predictions come from."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from trashseg.checkpoint import Training
from trashseg.config import plain
from trashseg.files import digest
from trashseg.store import StoreWriter


def open_writer(
    cfg: DictConfig, trained: Training, folder: Path
) -> contextlib.AbstractContextManager[StoreWriter | None]:
    """Open ``folder`` to append, in the form ``cfg.save``; give None where that is null.

    Raises:
        ConfigError: there is no such form.
        DataError: the store holds other predictions, or cannot be written.
    """
    if cfg.save is None:
        return contextlib.nullcontext()
    source = str(Path(str(cfg.source)).expanduser().absolute())
    return StoreWriter(folder, trained.table.names, cfg.save, origin(cfg, trained, source))


def origin(cfg: DictConfig, trained: Training, source: str) -> dict[str, Any]:
    """Return all that the predictions of a verb depend on, as plain JSON values.

    Args:
        cfg: the config, with ``tta`` and ``trainer``.
        trained: the network; its file counts by its content, wherever it lies.
        source: where the photographs are.
    """
    return {
        "checkpoint": digest(trained.path),
        "source": source,
        "image_size": trained.config["data"]["image_size"],
        "resize": trained.config["data"]["resize"],
        "tta": plain(cfg.tta),
        **({"post": plain(cfg.post)} if cfg.get("post") else {}),
        "precision": cfg.trainer.precision,
    }
