"""Hydra's sweep overrides become Optuna's distributions."""

from __future__ import annotations

import math

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from trashseg.sweep.space import num_combinations, split
from trashseg.types import ConfigError


def parsed(*overrides: str) -> tuple[list[str], dict[str, BaseDistribution]]:
    return split(OverridesParser.create().parse_overrides(list(overrides)))


@pytest.mark.parametrize(
    ("override", "key", "expected"),
    [
        ("model=a,b", "model", CategoricalDistribution(["a", "b"])),
        ("+optim/schedule=choice(poly,cosine)", "+optim/schedule", CategoricalDistribution(["poly", "cosine"])),
        ("tta.scales=[1],[0.5,1]", "tta.scales", CategoricalDistribution(["[1]", "[0.5,1]"])),
        ("batch=range(4,17,4)", "batch", IntDistribution(4, 16, step=4)),
        ("batch=range(8,0,-2)", "batch", IntDistribution(2, 8, step=2)),
        ("k=range(3,4)", "k", CategoricalDistribution(["3"])),
        ("p=range(0,1,0.5)", "p", CategoricalDistribution(["0.0", "0.5"])),
        ("lr=interval(0.1,1)", "lr", FloatDistribution(0.1, 1.0)),
        ("lr=tag(log, interval(1e-4, 1e-2))", "lr", FloatDistribution(1e-4, 1e-2, log=True)),
        ("n=int(interval(1,9))", "n", IntDistribution(1, 9)),
    ],
)
def test_each_form_of_sweep(override: str, key: str, expected: BaseDistribution) -> None:
    fixed, space = parsed("data.root=/a b/c", override, "~callbacks.pictures")
    assert fixed == ["data.root=/a b/c", "~callbacks.pictures"]
    assert space == {key: expected}


@pytest.mark.parametrize(
    ("overrides", "num"),
    [
        (["model=a,b", "batch=range(4,17,4)"], 8),
        (["model=a,b", "lr=interval(0,1)"], math.inf),
        (["lr=interval(1,1)", "n=int(interval(1,9))"], 9),
    ],
)
def test_the_number_of_combinations(overrides: list[str], num: float) -> None:
    assert num_combinations(parsed(*overrides)[1]) == num


def test_nothing_to_search() -> None:
    with pytest.raises(ConfigError, match="interval"):
        parsed("model=a")
