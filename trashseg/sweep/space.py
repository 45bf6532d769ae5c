"""What a search varies: Hydra's sweep overrides as Optuna's distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hydra.core.override_parser.types import IntervalSweep, Override
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from trashseg.types import ConfigError

Space = dict[str, BaseDistribution]


def split(overrides: Sequence[Override]) -> tuple[list[str], Space]:
    """Return the overrides that every trial has, and what is searched, by key.

    ``model=a,b`` and ``choice(...)`` are categories, ``range(...)`` whole numbers, ``interval(low, high)`` and
    ``tag(log, interval(low, high))`` real ones; ``int(interval(...))`` whole ones.

    Raises:
        ConfigError: nothing is searched.
    """
    fixed = [override.input_line for override in overrides if not override.is_sweep_override()]
    space = {
        override.get_key_element(): distribution(override) for override in overrides if override.is_sweep_override()
    }
    if not space:
        raise ConfigError(
            "there is nothing to search; give several values or an interval, for example model=unet_lite0,unet_effb7 "
            "or 'optim.lr=tag(log, interval(1e-4, 1e-2))'."
        )
    return [str(text) for text in fixed], space


def distribution(override: Override) -> BaseDistribution:
    """Return Optuna's form of one sweep override."""
    if override.is_interval_sweep():
        return _interval(override.value())
    values = list(override.sweep_string_iterator())
    if override.is_range_sweep() and len(values) > 1 and all(text.lstrip("-").isdigit() for text in values):
        first, last = sorted((int(values[0]), int(values[-1])))
        return IntDistribution(first, last, step=abs(int(values[1]) - int(values[0])))
    # As text: what Hydra would write into a job's command line, groups and lists included.
    return CategoricalDistribution(values)


def _interval(interval: IntervalSweep) -> BaseDistribution:
    low, high, log = interval.start, interval.end, "log" in interval.tags
    kind = IntDistribution if isinstance(low, int) and isinstance(high, int) else FloatDistribution
    return kind(low, high, log=log)


def num_combinations(space: Mapping[str, BaseDistribution]) -> float:
    """Return how many different trials there are, infinity where a value is real."""
    return math.prod(_size(entry) for entry in space.values())


def _size(entry: BaseDistribution) -> float:
    if isinstance(entry, CategoricalDistribution):
        return len(entry.choices)
    if isinstance(entry, IntDistribution):
        return (entry.high - entry.low) // entry.step + 1
    return 1 if entry.single() else math.inf
