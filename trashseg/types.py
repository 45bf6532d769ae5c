"""Words shared by every part: splits, samples, batches, the class table and the errors a user can cause.

This module imports no heavy library at run time, so that a configuration error is reported before torch loads.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Required, TypedDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

IGNORE_INDEX = 255
"""The value of a mask pixel that no loss and no metric may see."""

BACKGROUND = "Background"
"""The name of class 0, which no COCO file lists."""


class TrashsegError(Exception):
    """An error that the user can mend; verbs print it as one line and exit with 2.

    The message says what came, what is allowed and what to type next.
    """


class ConfigError(TrashsegError):
    """The command line or a config file asks for something that does not exist."""


class DataError(TrashsegError):
    """A data set is missing, broken or does not fit the task."""


class WeightsError(TrashsegError):
    """Starting weights cannot be had or do not fit the network."""


class CheckpointError(TrashsegError):
    """A checkpoint is missing, unsafe or does not fit."""


def did_you_mean(word: str, options: Iterable[str], limit: int = 12) -> str:
    """Return a sentence that helps after an unknown ``word``: the nearest options, or the first ``limit`` of all."""
    known = sorted(set(options))
    if not known:
        return "Nothing is available there."
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    shown = ", ".join(known[:limit])
    more = f", ... ({len(known)} in all)" if len(known) > limit else ""
    return f"Available: {shown}{more}."


class Split(StrEnum):
    """Which part of a data set: training, validation, or photographs without labels."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True)
class ClassInfo:
    """One class: its English and Korean name and the colour (R, G, B; 0..255) that the field's tools share."""

    name: str
    korean: str
    color: tuple[int, int, int]


@dataclass(frozen=True)
class ClassTable:
    """The classes in the order of their ids; entry 0 is the background."""

    classes: tuple[ClassInfo, ...]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Mapping[str, Any]]) -> ClassTable:
        """Build the table from ``{name: {id, ko, color}}``, the form that it has in a config.

        Raises:
            ConfigError: ids are not 0..K-1, K exceeds 255, or a colour is not three numbers in 0..255.
        """
        ids = sorted(int(spec["id"]) for spec in mapping.values())
        if ids != list(range(len(mapping))) or not 2 <= len(ids) < IGNORE_INDEX:
            raise ConfigError(
                f"class ids are {ids}; they must be 0..K-1 without gaps, 0 being the background, "
                f"with K from 2 to {IGNORE_INDEX - 1}. Correct data.classes."
            )
        infos = []
        for name, spec in sorted(mapping.items(), key=lambda item: int(item[1]["id"])):
            color = tuple(int(value) for value in spec["color"])
            if len(color) != 3 or not all(0 <= value <= 255 for value in color):
                raise ConfigError(f"class {name!r} has colour {color}; give three numbers in 0..255 in data.classes.")
            infos.append(ClassInfo(name, str(spec.get("ko") or name), (color[0], color[1], color[2])))
        return cls(tuple(infos))

    def to_mapping(self) -> dict[str, dict[str, Any]]:
        """Return the plain form that :meth:`from_mapping` reads."""
        return {
            info.name: {"id": index, "ko": info.korean, "color": list(info.color)}
            for index, info in enumerate(self.classes)
        }

    def __len__(self) -> int:
        """Return the number of classes K, background included."""
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The English names in the order of the ids."""
        return tuple(info.name for info in self.classes)

    @property
    def palette(self) -> npt.NDArray[np.uint8]:
        """The colours as an array (K, 3), uint8, RGB."""
        import numpy as np

        return np.array([info.color for info in self.classes], dtype=np.uint8)


class Sample(TypedDict, total=False):
    """One photograph as the data set yields it.

    ``mask`` is absent for photographs without labels. ``index`` is the position in the split, or -1 for a
    photograph that only pads a distributed batch (its mask is ``IGNORE_INDEX`` throughout).
    """

    image: Required[torch.Tensor]  # (3, h, w) uint8, RGB, at the network's size
    mask: torch.Tensor  # (H, W) uint8, class ids or IGNORE_INDEX; at the image's size (train) or the label's own (val)
    index: Required[int]
    name: Required[str]  # file_name of the JSON, with its folder
    content: Required[tuple[int, int]]  # (h', w') of the photograph inside the image; the rest is padding
    size: Required[tuple[int, int]]  # (H, W) to which a prediction is to be restored
    visit: tuple[int, int]  # (epoch, which visit of the photograph in it, from 0): with index, decides random numbers


class Batch(TypedDict, total=False):
    """Samples put together. Images share one size; validation masks keep their own sizes, hence a list.

    Where photographs are mixed, ``index``, ``name``, ``content`` and ``size`` are those of the first of each mixture.
    With ``mask_b``, MixUp's, the loss is ``lam`` times that of ``mask`` and ``1 - lam`` times that of ``mask_b``.
    """

    image: Required[torch.Tensor]  # (N, 3, h, w) uint8
    mask: torch.Tensor | list[torch.Tensor]  # (N, h, w) uint8 in training; a list of (H_i, W_i) in validation
    index: Required[list[int]]
    name: Required[list[str]]
    content: Required[list[tuple[int, int]]]
    size: Required[list[tuple[int, int]]]
    mask_b: torch.Tensor  # (N, h, w) uint8
    lam: float  # 0..1
