"""What is to be spread evenly over the folds: columns of amounts, made from what the photographs hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trashseg.data.folds.goal import Floats, Ints
from trashseg.data.naming import check_number, check_whole
from trashseg.data.oversampling import Counts


@dataclass(frozen=True, eq=False)
class Columns:
    """C columns that a split spreads evenly.

    ``values`` (N, C) are whole numbers, 0 and more; the first column is 1 for every photograph. ``weights`` (C,) say
    how much the squared relative deviation of each counts.
    """

    values: Floats
    weights: Floats


class Labels(ABC):
    """Makes the columns; the number of photographs is one of them, with the weight ``photographs``."""

    def __init__(self, photographs: float) -> None:
        self.photographs = check_number("labels.photographs", photographs, 0)

    def columns(self, counts: Counts) -> Columns:
        """Return the columns of N photographs."""
        num = len(counts.objects)
        blocks = [(np.ones((num, 1)), self.photographs), *self.blocks(counts)]
        values = np.concatenate([block for block, _ in blocks], axis=1).astype(np.float64)
        return Columns(values, np.concatenate([np.full(block.shape[1], weight) for block, weight in blocks]))

    @abstractmethod
    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return columns (N, C_i) of one kind and their weight, for each kind."""


class Balance(Labels):
    """Every class by the photographs that hold it, by its objects and by its area.

    Args:
        presence: weight of the photographs with the class.
        objects: weight of the class's objects.
        pixels: weight of its area.
        photographs: weight of the number of photographs.
    """

    def __init__(self, presence: float, objects: float, pixels: float, photographs: float) -> None:
        super().__init__(photographs)
        self.presence = check_number("labels.presence", presence, 0)
        self.objects = check_number("labels.objects", objects, 0)
        self.pixels = check_number("labels.pixels", pixels, 0)

    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return presence, objects and pixels of every class but the background."""
        objects = counts.objects[:, 1:]
        return [(objects > 0, self.presence), (objects, self.objects), (counts.pixels[:, 1:], self.pixels)]


class Rarest(Labels):
    """The rarest class that a photograph holds.

    Args:
        photographs: weight of the number of photographs.
    """

    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return one column a class, and one for photographs without objects."""
        return [(one_hot(rarest_class(counts.objects)), 1.0)]


class Pixels(Labels):
    """Each class by how much area a photograph holds of it, in bins of equally many photographs.

    Args:
        bins: bins a class, beside that of the photographs without it.
        photographs: weight of the number of photographs.
    """

    def __init__(self, bins: int, photographs: float) -> None:
        super().__init__(photographs)
        self.bins = check_whole("labels.bins", bins)

    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return one column a class and bin."""
        bins = np.arange(1, self.bins + 1)
        return [(binned(area, self.bins)[:, None] == bins, 1.0) for area in counts.pixels[:, 1:].T]


class Objects(Labels):
    """The number of objects of each class.

    Args:
        photographs: weight of the number of photographs.
    """

    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return one column a class."""
        return [(counts.objects[:, 1:], 1.0)]


class SecondSystem(Labels):
    """Rarest class, number of classes and number of annotations: what a well-known team of the competition used.

    Args:
        bins: bins of equally many photographs for the number of annotations.
        photographs: weight of the number of photographs.
    """

    def __init__(self, bins: int, photographs: float) -> None:
        super().__init__(photographs)
        self.bins = check_whole("labels.bins", bins)

    def blocks(self, counts: Counts) -> list[tuple[npt.NDArray[np.generic], float]]:
        """Return one column a value of each of the three labels."""
        objects = counts.objects
        three = rarest_class(objects), (objects > 0).sum(1), binned(objects.sum(1), self.bins)
        return [(one_hot(label), 1.0) for label in three]


def rarest_class(objects: Ints) -> Ints:
    """Return, of ``objects`` (N, K), the class of each photograph that fewest photographs hold; K where it has none."""
    held = objects > 0
    rarity = np.where(held, held.sum(0), len(held) + 1)
    rarest: Ints = np.where(held.any(1), rarity.argmin(1), objects.shape[1])
    return rarest


def binned(values: Ints, bins: int) -> Ints:
    """Return 0 for each of the ``values`` (N,) that is 0, else 1..bins: bins of equally many, equal values together."""
    positive = values[values > 0]
    if not len(positive):
        return np.zeros(len(values), np.int64)
    edges = np.quantile(positive, np.arange(1, bins) / bins)
    bins_of: Ints = np.where(values > 0, 1 + np.searchsorted(edges, values, side="left"), 0)
    return bins_of


def one_hot(values: Ints) -> npt.NDArray[np.bool_]:
    """Return a column for each distinct one of the ``values`` (N,), in ascending order: where it stands."""
    columns: npt.NDArray[np.bool_] = values[:, None] == np.unique(values)
    return columns
