"""Classes by their names, and numbers in their range, as a config gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trashseg.types import ConfigError, did_you_mean


def class_values(values: Mapping[str, Any], names: Sequence[str], key: str) -> dict[int, Any]:
    """Return class id -> value for class name -> value; entries that are null or false are left out.

    Args:
        values: from the config.
        names: the classes in the order of their ids.
        key: the config key, for the message.

    Raises:
        ConfigError: the data set has no class of a name.
    """
    chosen = {name: value for name, value in values.items() if value is not None and value is not False}
    for name in chosen:
        if name not in names:
            leave_out = f"'{key}={{{name}: null}}' leaves it out."
            raise ConfigError(f"{key}: the data set has no class {name!r}; {leave_out} {did_you_mean(name, names)}")
    return {names.index(name): value for name, value in chosen.items()}


def check_number(key: str, value: Any, low: float, high: float = math.inf) -> float:
    """Return ``value`` if it is a finite number from ``low`` to ``high``.

    Raises:
        ConfigError: it is not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        allowed = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        raise ConfigError(f"{key}={value}: give a number {allowed}.")
    return float(value)


def check_whole(key: str, value: Any, low: int = 1) -> int:
    """Return ``value`` if it is a whole number of at least ``low``.

    Raises:
        ConfigError: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ConfigError(f"{key}={value}: give a whole number from {low} on.")
    return value
