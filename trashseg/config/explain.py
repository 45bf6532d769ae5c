"""Turn Hydra's and OmegaConf's errors into one line that says what exists."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

from trashseg.config.paths import conf_dir, group_options
from trashseg.types import did_you_mean

EXTRAS = {"joblib": "sweep", "submitit_local": "sweep", "submitit_slurm": "sweep", "optuna": "sweep", "ray": "ray"}
"""Launchers, and the package of the sweeper, that come with an extra of this one."""


def explain(error: Exception, verb: str, overrides: Sequence[str]) -> str:
    """Return one line for a config ``error`` raised while ``verb`` was composed with ``overrides``."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        file = error.missing_cfg_file
        return _missing_option(file, error.options or group_options(str(Path(file).parent)))
    missing = _missing_package(error)
    if missing in EXTRAS:
        return f"{missing} is not installed: pip install 'trashseg[{EXTRAS[missing]}]'"
    if isinstance(error, ConfigCompositionException):
        return _composition(error, verb, overrides)
    if isinstance(error, InterpolationResolutionError | MissingMandatoryValue):
        return f"{error.full_key or 'a value'} cannot be resolved: {_first_line(error)}"
    return _first_line(error)


def _missing_package(error: BaseException | None) -> str | None:
    """Return the name of the package that could not be imported, if that is the cause of ``error``."""
    while error is not None and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__
    return None if error is None else error.name


def _missing_option(missing: str, options: Sequence[str]) -> str:
    """Say which options the group of ``missing`` ("model/unet_effb8") has."""
    group, _, option = missing.removesuffix(".yaml").rpartition("/")
    if group == "hydra/launcher" and option in EXTRAS:
        return f"{group}={option} is not installed: pip install 'trashseg[{EXTRAS[option]}]'"
    return f"{group}={option} does not exist. {did_you_mean(option, options, limit=40)}"


def _composition(error: Exception, verb: str, overrides: Sequence[str]) -> str:
    """Explain an override that fits neither a group nor a key."""
    found = re.search(r"Could not (?:override|delete(?: from config)?)[^']*'([^']+)'", str(error))
    if found is None:
        return _first_line(error)
    key = found.group(1).split("@")[0].replace("/", ".")
    given = next((text for text in overrides if text.lstrip("+~").startswith(found.group(1))), found.group(1))
    if key.split(".")[0] == "hydra":
        return f"{given}: Hydra has no such key; --info config lists its keys, and --help what trashseg {verb} takes."
    reason = _unknown_key(key, verb, overrides)
    hint = f" (a new key is added with +{key}=...)" if reason.startswith("there is") and given[0] != "~" else ""
    return f"{given}: {reason}{hint}"


def _unknown_key(key: str, verb: str, overrides: Sequence[str]) -> str:
    """Say at which part ``key`` ("trainer.max_epoch") leaves the config and what stands there."""
    node: object = _compose_groups(verb, overrides)
    done: list[str] = []
    for part in key.split("."):
        if not isinstance(node, DictConfig):
            return f"{'.'.join(done)} is a single value and has no key {part!r}."
        if part not in node:
            where = f"in {'.'.join(done)}" if done else "at the top of the config"
            help_ = did_you_mean(part, [str(name) for name in node], limit=40)
            return f"there is no key {part!r} {where}. {help_}"
        done.append(part)
        node = node._get_node(part)
    return f"{key} is a value, not a group of options; write {key}=VALUE."


def _compose_groups(verb: str, overrides: Sequence[str]) -> DictConfig:
    """Compose ``verb`` with only those overrides that choose an option of a group, to show what there is."""
    chosen = [text for text in overrides if _is_choice(text)]
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        with contextlib.suppress(HydraException, OmegaConfBaseException):
            chosen_config: DictConfig = compose(config_name=verb, overrides=chosen)
            return chosen_config
        config: DictConfig = compose(config_name=verb)
        return config


def _is_choice(text: str) -> bool:
    """Whether ``text`` is like model=unet_effb7, with a group and an option that exist."""
    group, separator, option = text.lstrip("+").partition("=")
    return bool(separator) and "," not in option and (conf_dir() / group / f"{option}.yaml").is_file()


def _first_line(error: Exception) -> str:
    """Join the lines of a library's message, without its internal addresses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key", "object_type", "reference_type"))]
    return " ".join(kept)
