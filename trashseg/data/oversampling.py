"""How often an epoch visits each photograph: rare classes more often than common ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trashseg.data.naming import check_number, check_whole, class_values
from trashseg.data.sampling import epoch_length
from trashseg.data.training import TrainingPart

Floats = npt.NDArray[np.float64]
RARE_SHARE = 0.2
"""The report names the classes that fewer photographs than this hold."""


@dataclass(frozen=True)
class Counts:
    """What N photographs hold of K classes.

    Args:
        names: the classes, background first.
        pixels: (N, K), without ignored ones.
        objects: (N, K), annotations; none are of the background.
    """

    names: tuple[str, ...]
    pixels: npt.NDArray[np.int64]
    objects: npt.NDArray[np.int64]


def count(part: TrainingPart) -> Counts:
    """Return what the photographs of ``part`` hold; crowds count as one object."""
    index, positions = part.split.index, part.split.positions[part.indices]
    objects = np.zeros((len(positions), len(part.names)), np.int64)
    for row, position in enumerate(positions.tolist()):
        own = index.annotations_of(position)
        for category in index.ann_category[own.start : own.stop].tolist():
            value = part.class_of.get(category, -1)
            if 0 <= value < len(part.names):
                objects[row, value] += 1
    return Counts(part.names, part.split.class_pixels[part.indices], objects)


class Oversampler(ABC):
    """Decides how often an epoch visits each photograph on average.

    Args:
        epoch_size: visits an epoch; None: as many as come out. Set it to compare samplers at one price.

    Raises:
        ConfigError: ``epoch_size`` is not a positive whole number.
    """

    def __init__(self, epoch_size: int | None = None) -> None:
        self.epoch_size = None if epoch_size is None else check_whole("data.sampler.epoch_size", epoch_size)

    def factors(self, counts: Counts) -> Floats:
        """Return the visits an epoch of each photograph, (N,), on average.

        Raises:
            ConfigError: a class does not exist.
        """
        raw = self.raw_factors(counts)
        return raw if self.epoch_size is None else raw * (self.epoch_size / raw.sum())

    @abstractmethod
    def raw_factors(self, counts: Counts) -> Floats:
        """Return the factors for an epoch of their own length, (N,)."""


class Uniform(Oversampler):
    """Every photograph once."""

    def raw_factors(self, counts: Counts) -> Floats:
        """Return ones."""
        return np.ones(len(counts.pixels))


class RepeatFactor(Oversampler):
    """Repeat-factor sampling (Gupta et al. 2019, "LVIS"): max over its classes of max(1, sqrt(threshold / f_c)).

    f_c is the share of the photographs that hold class c; the background is no class here.

    Args:
        threshold: classes in a larger share of the photographs are not repeated, 0..1.
        max_repeats: no photograph is visited more often.
        epoch_size: see :class:`Oversampler`.
    """

    def __init__(self, threshold: float = 0.2, max_repeats: float = 10.0, epoch_size: int | None = None) -> None:
        super().__init__(epoch_size)
        self.threshold = check_number("data.sampler.threshold", threshold, 0, 1)
        self.max_repeats = check_number("data.sampler.max_repeats", max_repeats, 1)

    def raw_factors(self, counts: Counts) -> Floats:
        """Return the factors, 1 and more."""
        held = counts.pixels[:, 1:] > 0
        share = held.mean(0).clip(min=1e-12)
        of_class = np.sqrt(self.threshold / share).clip(1, self.max_repeats)
        factors: Floats = np.where(held, of_class, 1.0).max(1)
        return factors


class RareClasses(Oversampler):
    """Photographs that hold a named class are repeated; of several named classes the largest number counts.

    Args:
        classes: class name -> visits an epoch of the photographs that hold it, 1 and more; null leaves a class out.
        epoch_size: see :class:`Oversampler`.
    """

    def __init__(self, classes: Mapping[str, float | None], epoch_size: int | None = None) -> None:
        super().__init__(epoch_size)
        self.classes = dict(classes)
        for name, times in self.classes.items():
            if times is not None:
                check_number(f"data.sampler.classes.{name}", times, 1)

    def raw_factors(self, counts: Counts) -> Floats:
        """Return the factors, 1 and more."""
        factors = np.ones(len(counts.pixels))
        for value, times in class_values(self.classes, counts.names, "data.sampler.classes").items():
            factors[counts.pixels[:, value] > 0] = np.maximum(factors[counts.pixels[:, value] > 0], times)
        return factors


class ClassBalance(Oversampler):
    """Draw photographs with replacement, each class alike; among the photographs of a class by how much they hold.

    Args:
        strength: 1: wholly by these weights, so that photographs which weigh little are seldom seen; 0: all alike.
        epoch_size: visits an epoch; None: the number of photographs.
    """

    def __init__(self, strength: float = 0.5, epoch_size: int | None = None) -> None:
        super().__init__(epoch_size)
        self.strength = check_number("data.sampler.strength", strength, 0, 1)

    def raw_factors(self, counts: Counts) -> Floats:
        """Return factors whose sum is N."""
        amounts = self.amounts(counts).astype(np.float64)
        amounts = amounts[:, amounts.sum(0) > 0]
        if not amounts.size:
            return np.ones(len(counts.pixels))
        weights: Floats = (amounts / amounts.sum(0)).mean(1)
        return np.asarray(1 - self.strength + self.strength * weights * len(weights), np.float64)

    @abstractmethod
    def amounts(self, counts: Counts) -> npt.NDArray[np.int64]:
        """Return how much of each class a photograph holds, (N, K)."""


class PixelWeights(ClassBalance):
    """:class:`ClassBalance` by pixels, the background being one of the classes."""

    def amounts(self, counts: Counts) -> npt.NDArray[np.int64]:
        """Return the pixels."""
        return counts.pixels


class ObjectWeights(ClassBalance):
    """:class:`ClassBalance` by the number of objects."""

    def amounts(self, counts: Counts) -> npt.NDArray[np.int64]:
        """Return the numbers of objects."""
        return counts.objects


def describe(factors: Floats, counts: Counts) -> str:
    """Say in one line what ``factors`` (N,) do: the epoch's length, and how much more rare classes are seen."""
    held = counts.pixels > 0
    before, after = held.mean(0), (held * factors[:, None]).sum(0) / factors.sum()
    rare = [k for k in range(1, len(counts.names)) if 0 < before[k] < RARE_SHARE]
    parts = [f"{counts.names[k]} {100 * before[k]:.1f} -> {100 * after[k]:.1f} %" for k in rare]
    shown = ", ".join(parts) or f"no class is in fewer than {100 * RARE_SHARE:.0f} % of them"
    return f"{epoch_length(factors)} photographs an epoch of {len(factors)}, each {factors.min():.2f} to " + (
        f"{factors.max():.2f} times; share that holds a class: {shown}"
    )
