"""Copy-paste: objects of rare classes laid onto photographs."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.mix.bank import BankRecipe, ObjectBank, open_bank
from trashseg.data.mix.base import Array
from trashseg.data.mix.place import place
from trashseg.data.naming import check_number, check_whole, class_values
from trashseg.data.training import TrainingPart
from trashseg.types import ConfigError

log = logging.getLogger(__name__)


class CopyPaste:
    """Copy-paste with large-scale jitter (Ghiasi et al. 2021, "Simple copy-paste"), of single objects from a bank.

    Each object's class is drawn first, by ``classes``, then one of the class's objects: rare classes are seen as often
    as one likes. It may be mirrored, gets a size of its own, and lies where, among several random places, it covers
    the least of what is there. What it covers, ignored pixels included, takes its label.

    Args:
        classes: class name -> relative probability; null leaves a class out.
        not_onto: class name -> whether photographs that hold it are left as they are.
        p: probability for each photograph.
        max_objects: 1 to so many are pasted.
        scale: factor of an object's sides, drawn evenly from (least, most); sizes go with those of the photographs.
            It never shrinks an object below ``min_area``, nor enlarges it beyond the photograph.
        flip: probability of mirroring an object.
        tries: random places to choose among.
        keep_centre: share of the sides of the box in the middle that is left to what lies there, 0 to 1.
        min_area: objects of fewer pixels are not pasted.

    Raises:
        ConfigError: an option is out of its range.
    """

    def __init__(
        self,
        classes: Mapping[str, float | None],
        *,
        not_onto: Mapping[str, bool | None] | None = None,
        p: float = 0.5,
        max_objects: int = 3,
        scale: Sequence[float] = (0.2, 2.0),
        flip: float = 0.5,
        tries: int = 8,
        keep_centre: float = 0.0,
        min_area: int = 100,
    ) -> None:
        self.classes, self.not_onto = dict(classes), dict(not_onto or {})
        for name, weight in self.classes.items():
            if weight is not None:
                check_number(f"mix: classes.{name} of CopyPaste", weight, 0)
        self.p, self.flip = (
            check_number(f"mix: {key} of CopyPaste", value, 0, 1) for key, value in (("p", p), ("flip", flip))
        )
        self.keep_centre = check_number("mix: keep_centre of CopyPaste", keep_centre, 0, 1)
        self.max_objects, self.tries, self.min_area = (
            check_whole(f"mix: {key} of CopyPaste", value)
            for key, value in (("max_objects", max_objects), ("tries", tries), ("min_area", min_area))
        )
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ConfigError(f"mix: scale of CopyPaste is {list(scale)}; give the least and the most, as [0.2, 2].")
        self.scale = (float(scale[0]), float(scale[1]))

    def open(self, part: TrainingPart, key: str) -> Paster:
        """Return this with the objects of ``part``.

        Raises:
            ConfigError: a class does not exist (``key`` says in which config), or no object is left.
        """
        weights = {k: w for k, w in class_values(self.classes, part.names, f"{key}.classes").items() if w > 0}
        blocked = list(class_values(self.not_onto, part.names, f"{key}.not_onto"))
        bank = open_bank(part, BankRecipe(tuple(weights), self.min_area))
        found = {label: np.flatnonzero(bank.labels == label) for label in weights}
        missing = [part.names[label] for label, own in found.items() if not len(own)]
        if len(missing) == len(found):
            raise ConfigError(
                f"{key}: no whole object of {', '.join(missing) or 'any class'} has {self.min_area} pixels; name other "
                f"classes in {key}.classes, lower {key}.min_area, or choose mix=none."
            )
        log.info("%s: %s", key, ", ".join(f"{len(own)} of {part.names[label]}" for label, own in found.items()))
        return Paster(self, bank, {label: (weights[label], own) for label, own in found.items() if len(own)}, blocked)


class Paster:
    """:class:`CopyPaste` with its objects.

    Args:
        settings: how to paste.
        bank: the objects.
        classes: class id -> (relative probability, positions of its objects in ``bank``).
        not_onto: class ids whose photographs stay as they are.
    """

    def __init__(
        self,
        settings: CopyPaste,
        bank: ObjectBank,
        classes: Mapping[int, tuple[float, npt.NDArray[np.int64]]],
        not_onto: Sequence[int],
    ) -> None:
        self.settings, self.bank, self.not_onto = settings, bank, list(not_onto)
        self._own = [own for _, own in classes.values()]
        weights = np.array([weight for weight, _ in classes.values()])
        self._cumulative = np.cumsum(weights / weights.sum())

    def __call__(
        self, image: Array, mask: Array, held: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Return ``image`` (H, W, 3) and ``mask`` (H, W), changed in place.

        Args:
            image: RGB.
            mask: class ids or ``IGNORE_INDEX``.
            held: (K,), the photograph's pixels of each class.
            rng: decides everything.
        """
        if rng.random() >= self.settings.p or held[self.not_onto].any():
            return image, mask
        for _ in range(int(rng.integers(1, self.settings.max_objects + 1))):
            pixels, label = self._object(max(mask.shape), (mask.shape[0], mask.shape[1]), rng)
            self._paste(image, mask, pixels, label, rng)
        return image, mask

    def _object(self, side: int, limit: tuple[int, int], rng: np.random.Generator) -> tuple[Array, int]:
        """Return an object (h, w, 4) at its new size, and its class, for a photograph of the longer ``side``."""
        row = min(int(np.searchsorted(self._cumulative, rng.random(), side="right")), len(self._own) - 1)
        chosen = int(self._own[row][rng.integers(len(self._own[row]))])
        pixels, factor = self.bank[chosen], rng.uniform(*self.settings.scale) * side / self.bank.sides[chosen]
        factor = max(factor, math.sqrt(self.settings.min_area / self.bank.areas[chosen]))
        factor = min(factor, limit[0] / pixels.shape[0], limit[1] / pixels.shape[1])
        now = pixels.shape[:2]
        height, width = (max(1, min(most, round(side * factor))) for side, most in zip(now, limit, strict=True))
        # Down to half the size linear sampling leaves no pixel out.
        mode = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
        if (height, width) != pixels.shape[:2]:
            pixels = cv2.resize(pixels, (width, height), interpolation=mode)
        mirrored = rng.random() < self.settings.flip
        return np.asarray(cv2.flip(pixels, 1) if mirrored else pixels, np.uint8), int(self.bank.labels[chosen])

    def _paste(self, image: Array, mask: Array, pixels: Array, label: int, rng: np.random.Generator) -> None:
        """Lay an object onto the photograph, where at least half of a pixel is the object's."""
        shape = cv2.threshold(pixels[..., 3], 127, 255, cv2.THRESH_BINARY)[1]
        occupied = cv2.threshold(mask, 0, 255, cv2.THRESH_BINARY)[1]
        top, left = place(occupied, shape, self.settings.tries, self.settings.keep_centre, rng)
        window = (slice(top, top + shape.shape[0]), slice(left, left + shape.shape[1]))
        cv2.copyTo(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), shape, image[window])
        cv2.copyTo(np.full_like(shape, label), shape, mask[window])
