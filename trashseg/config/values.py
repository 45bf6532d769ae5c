"""Mistakes in a composed config that can be told before torch loads."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from trashseg.types import ConfigError


def plain(node: DictConfig) -> dict[str, Any]:
    """Return a config node as plain containers with every interpolation resolved."""
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def check_values(cfg: DictConfig) -> None:
    """Look at the values that every run needs.

    Raises:
        ConfigError: a value without default was not given, an interpolation points nowhere, the data folder is not
            given, or a size or count is not a positive integer.
    """
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ConfigError(f"{missing[0]} has no value; give {missing[0]}=...")
    OmegaConf.to_container(cfg, resolve=True)
    data = cfg.get("data")
    if data is None or "_target_" not in data:
        return
    if "root" in data and data.root is None:
        raise ConfigError(
            "data.root is not set: give data.root=FOLDER (the folder that holds the JSON files), or set the "
            "environment variable TRASHSEG_DATA; data=synthetic needs neither."
        )
    for key in ("batch_size", "image_size"):
        value = data.get(key)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ConfigError(f"data.{key}={value!r} is not a positive integer, for example data.{key}=8.")
