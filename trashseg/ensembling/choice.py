"""Who counts how much: as the command line says, or by the out-of-fold mIoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trashseg.types import ConfigError, did_you_mean
from trashseg.voting import MAX_WEIGHT, Draw, PixelTable, Scoreboard, bagged_greedy, tune_weights

OPTIMISE, GREEDY = "optimise", "greedy"

Weights = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Strategy:
    """How weights come about.

    Args:
        names: of the M members.
        classes: of the K classes.
        weights: null, ``optimise``, M numbers, or name -> number.
        class_weights: null, ``optimise``, or name of a member -> name of a class -> number.
        search: null or ``greedy``.
        num_bags: of the greedy search.
        seed: of the greedy search.

    Raises:
        ConfigError: a value or name does not exist, or two of them contradict each other.
    """

    names: Sequence[str]
    classes: Sequence[str]
    weights: Any = None
    class_weights: Any = None
    search: str | None = None
    num_bags: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.search not in (None, GREEDY):
            raise ConfigError(f"search={self.search} does not exist; give search=greedy or search=null.")
        if self.search and self.weights is not None:
            raise ConfigError(f"search=greedy chooses the weights itself; leave weights={self.weights} out.")
        if self.class_weights == OPTIMISE and self.weights == OPTIMISE:
            raise ConfigError("class_weights=optimise tunes the members' weights too; leave weights=optimise out.")
        self.given()

    @property
    def learns(self) -> bool:
        """Whether labelled photographs decide."""
        return self.search is not None or OPTIMISE in (self.weights, self.class_weights)

    def given(self) -> npt.NDArray[np.float64]:
        """Return the weights that the command line says (M, K); those that are to be found are 1."""
        full = np.repeat(_listed(self.weights, self.names)[:, None], len(self.classes), axis=1)
        own = {} if self.class_weights in (None, OPTIMISE) else self.class_weights
        for name, by_class in _mapping(own, "class_weights", "{MEMBER: {Battery: 2}}").items():
            member = _position(name, self.names, "class_weights")
            for label, value in _mapping(by_class, f"class_weights.{name}", "{Battery: 2}").items():
                k = _position(label, self.classes, f"class_weights.{name}")
                full[member, k] *= _number(value, f"class_weights.{name}.{label}")
        if not (full.sum(0) > 0).all():
            raise ConfigError("weights: every class needs a member that counts; give one of them a weight above 0.")
        return full

    def learn(self, table: PixelTable, board: Scoreboard, draw: Draw | None = None) -> Weights:
        """Return whole weights (M, K), 0..``MAX_WEIGHT``, chosen on the groups that ``draw`` (G,) counts."""
        trust = np.full(len(self.names), MAX_WEIGHT)
        if self.search:
            num_members, num_groups = len(self.names), table.num_groups
            trust = bagged_greedy(board, num_members, num_groups, num_bags=self.num_bags, seed=self.seed, draw=draw)
        if self.weights == OPTIMISE:
            trust = tune_weights(table, trust, draw=draw)
        if self.class_weights == OPTIMISE:
            return tune_weights(table, trust, by_class=True, draw=draw)
        full = self.given() * trust[:, None]
        whole: Weights = np.rint(full / full.max() * MAX_WEIGHT).astype(np.int64)
        return whole


def _listed(weights: Any, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return one number a member."""
    if weights is None or weights == OPTIMISE:
        return np.ones(len(names))
    if isinstance(weights, Mapping):
        found = {
            _position(name, names, "weights"): _number(value, f"weights.{name}") for name, value in weights.items()
        }
        return np.array([found.get(i, 1.0) for i in range(len(names))])
    if isinstance(weights, str) or not isinstance(weights, Sequence):
        raise ConfigError(f"weights={weights} does not exist; give [2,1,1], {{name: 2}}, optimise or null.")
    if len(weights) != len(names):
        raise ConfigError(f"weights has {len(weights)} values for {len(names)} members ({', '.join(names)}).")
    return np.array([_number(value, "weights") for value in weights])


def _mapping(value: Any, key: str, example: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}={value} is not of the form {example}.")
    return value


def _position(name: str, names: Sequence[str], key: str) -> int:
    if name not in names:
        raise ConfigError(f"{key} names {name}, which is not there. {did_you_mean(str(name), names)}")
    return list(names).index(name)


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ConfigError(f"{key}={value} is no weight; give a number from 0 on.")
    return float(value)
