"""Mistakes in a composed config that can be told before torch loads."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from trashseg.config.paths import conf_dir, group_options
from trashseg.types import ConfigError, did_you_mean

FINISHED = ("compare", "runs")
"""Keys that name finished runs, which know their data themselves."""


NEW_DATA = ("train", "check", "inspect", "browse", "split", "cv", "tune_speed")
"""Verbs that take a data set of their own rather than a checkpoint's."""


def plain(node: DictConfig) -> dict[str, Any]:
    """Return a config node as plain containers with every interpolation resolved."""
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def check_values(cfg: DictConfig, verb: str) -> None:
    """Look at the values that every run of ``verb`` needs.

    Raises:
        ConfigError: a value without default was not given, an interpolation points nowhere, a group was taken away,
            the data folder is not given, or a size, count or seed is not a whole number in its range.
    """
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ConfigError(f"{missing[0]} has no value; give {missing[0]}=...")
    OmegaConf.to_container(cfg, resolve=True)
    _check_groups(cfg, verb)
    _check_kind(cfg, verb)
    _check_number("seed", cfg.seed, 0, 42)
    data = cfg.get("data")
    if data is None or any(cfg.get(key) is not None for key in FINISHED):
        return
    numbers = (("batch_size", 1, 8), ("image_size", 1, 256), ("crop_size", 1, 256), ("num_workers", 0, 2))
    for key, least, example in numbers:
        if data.get(key) is not None:
            _check_number(f"data.{key}", data[key], least, example)
    _check_root(data)


def _check_groups(cfg: DictConfig, verb: str) -> None:
    """Refuse a group of the verb that the command line took away (``~model``) or made a single value (``aug=[]``)."""
    content = OmegaConf.load(conf_dir() / f"{verb}.yaml")
    groups = [str(name) for entry in content.defaults if isinstance(entry, DictConfig) for name in entry if entry[name]]
    for group in groups:
        if not isinstance(cfg.get(group), DictConfig):
            hint = did_you_mean("", group_options(group), limit=40)
            raise ConfigError(f"{group} is not set; give {group}=OPTION. {hint}")


def _check_kind(cfg: DictConfig, verb: str) -> None:
    """Refuse, where something is built from a group, the options that only say how to use a checkpoint."""
    for group, option in (("data", "checkpoint"), ("trainer", "device")):
        if verb in NEW_DATA and group in cfg and "_target_" not in cfg[group]:
            options = [name for name in group_options(group) if name != option]
            hint = did_you_mean("", options, limit=40)
            raise ConfigError(f"{group}={option} is for a trained network, not for trashseg {verb}. {hint}")


def _check_root(data: DictConfig) -> None:
    # A data set that is the checkpoint's own has no target; a generated one finds its folder itself.
    if "_target_" in data and data.get("kind") != "generated" and data.get("root") is None:
        raise ConfigError(
            "data.root is not set: give data.root=FOLDER (the folder that holds the JSON files), or set the "
            "environment variable TRASHSEG_DATA; data=synthetic needs neither."
        )


def _check_number(key: str, value: Any, least: int, example: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(f"{key}={value} is not a whole number from {least} on, for example {key}={example}.")
