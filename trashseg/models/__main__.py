"""``trashseg models``: every network's size, speed and memory on this machine."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from trashseg.config import plain, run_verb
from trashseg.config.paths import conf_dir
from trashseg.types import ConfigError, TrashsegError, did_you_mean


def models(cfg: DictConfig) -> None:
    """Print a table of the networks, a line as soon as it is measured, and write it into the run's folder."""
    import torch

    from trashseg.inventory import LEGEND, heading, in_child, measure_network, row, write_tables
    from trashseg.quiet import quiet

    chosen = choose(cfg)
    quiet()
    logging.getLogger("trashseg").setLevel(logging.WARNING)  # what a build says has no place between the rows
    print(f"{LEGEND}\n\nat {cfg.size} x {cfg.size} px, {cfg.num_classes} classes, {torch.get_num_threads()} threads\n")
    print(heading(), flush=True)
    rows = {}
    for name, model in chosen.items():
        try:
            rows[name] = in_child(measure_network, model, cfg.num_classes, cfg.size)
        except (TrashsegError, MemoryError) as error:
            print(f"{name:<26} not measured: {error}", flush=True)
            continue
        print(row(name, rows[name]), flush=True)
    context = {"size": cfg.size, "num_classes": cfg.num_classes, "threads": torch.get_num_threads()}
    print("\nwritten to " + ", ".join(str(path) for path in write_tables(rows, context, Path(cfg.run_dir))))


def choose(cfg: DictConfig) -> dict[str, dict[str, Any]]:
    """Return name -> config of the networks to measure: ``model``, those in ``names``, or every file of conf/model.

    Raises:
        ConfigError: a name has no file.
    """
    if cfg.get("model") is not None:
        return {str(cfg.model.get("arch") or cfg.model.get("name") or "model"): plain(cfg.model)}
    files = {path.stem: path for path in sorted((conf_dir() / "model").glob("*.yaml"))}
    if cfg.names is None:
        return {name: model for name, path in files.items() if is_network(model := read(path))}
    for name in cfg.names:
        if name not in files:
            raise ConfigError(f"names: there is no model {name}. {did_you_mean(name, files)}")
    return {name: read(files[name]) for name in cfg.names}


def read(path: Path) -> dict[str, Any]:
    """Return the config in a file of conf/model."""
    return plain(DictConfig(OmegaConf.load(path)))


def is_network(model: dict[str, Any]) -> bool:
    """Say whether a config is a network as it stands; one for any of the hub's is not until a repository is named."""
    return "repository" not in model or model["repository"] is not None or model["config"] is not None


def main() -> None:
    """Run the verb."""
    run_verb("models", models)


if __name__ == "__main__":
    main()
