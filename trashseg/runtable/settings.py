"""What a run was told: its verb and its config, as Hydra left them in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HYDRA = ".hydra"


@dataclass(frozen=True)
class Settings:
    """A run's settings.

    Args:
        verb: ``train``, ``cv``, ...
        options: the option of each group: ``{"model": "unet_lite0", "optim/schedule": "poly"}``.
        values: every key of the config that is not null, as the command line would give it: ``{"optim.lr": "0.001"}``.
        typed: the keys that the command line gave.
    """

    verb: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()


def read_settings(run_dir: Path) -> Settings:
    """Return the settings of the run in ``run_dir``; what its folder does not say stays empty."""
    hydra = (_load(run_dir / HYDRA / "hydra.yaml") or {}).get("hydra", {})
    choices = hydra.get("runtime", {}).get("choices", {})
    options = {name: str(option) for name, option in choices.items() if option and not name.startswith("hydra/")}
    typed = frozenset(_key(text) for text in _load(run_dir / HYDRA / "overrides.yaml") or [])
    values = dict(flat(_load(run_dir / HYDRA / "config.yaml") or {}))
    own = [str(folder.absolute()) for folder in (run_dir, *run_dir.parents) if (folder / HYDRA).is_dir()]
    # A path into the run itself, or into the run that started it, differs in every run and says nothing.
    told = {key: text for key, text in values.items() if not any(folder in text for folder in own)}
    return Settings(str(hydra.get("job", {}).get("name", "")), options, told, typed)


def flat(node: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the text of every value in a config; a list is one value, null is none."""
    for name, value in node.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{name}.")
        elif value is not None:
            yield f"{before}{name}", as_text(value)


def as_text(value: Any) -> str:
    """Return ``value`` as a command line gives it: true, 0.001, [1, 2]."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _key(override: str) -> str:
    """Return the key of ``+optim.lr=1``."""
    return override.lstrip("+~").partition("=")[0].replace("/", ".")


def _load(path: Path) -> Any:
    """Return the content of a YAML file, interpolations as they are; None where it is not there."""
    # The loader in C is much faster than OmegaConf's, and a sweep has hundreds of runs.
    return yaml.load(path.read_bytes(), yaml.CSafeLoader) if path.is_file() else None
