"""What a step of post-processing is, and how several follow one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trashseg.maps import most_probable
from trashseg.types import ConfigError, did_you_mean

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One way to improve a class map.

    Args:
        classes: names of the classes that the step may add to or take from, see :func:`restrict`; None: all.
    """

    classes: Sequence[str] | None = None

    @abstractmethod
    def __call__(self, image: Image, probs: Tensor, pred: Mask) -> Mask:
        """Return a better class map (H, W), uint8.

        Args:
            image: the photograph (H, W, 3), RGB.
            probs: probabilities of the network (K, H, W), float32, on any device.
            pred: the class map so far (H, W).
        """


class Post:
    """Steps one after the other.

    Args:
        steps: by name; those that are None are left out.
        class_names: the names of the K classes in the order of their ids.

    Raises:
        ConfigError: a step is restricted to a class that there is not.
    """

    def __init__(self, steps: Mapping[str, Step | None], class_names: Sequence[str]) -> None:
        self._steps = [(step, _flags(name, step, class_names)) for name, step in steps.items() if step is not None]

    def __bool__(self) -> bool:
        """Say whether there is any step."""
        return bool(self._steps)

    def __call__(self, image: Image, probs: Tensor, agree: Flags | None = None) -> Mask:
        """Return the class map (H, W), uint8, after all steps.

        Args:
            image: the photograph (H, W, 3), RGB, uint8.
            probs: probabilities (K, H, W), float32, on any device.
            agree: pixels (H, W) at which all members of an ensemble agree: there the vote stands.
        """
        voted = pred = most_probable(probs)
        for step, flags in self._steps:
            pred = restrict(pred, step(image, probs, pred), flags)
        return pred if agree is None else np.where(agree, voted, pred)


def restrict(before: Mask, after: Mask, flags: Flags) -> Mask:
    """Return ``after`` where the pixel's class before or after it is one of the flagged (K,), elsewhere ``before``.

    One of the two is enough, as nearly every change is from or to the background: were both needed, a step that helps
    a single class could do nothing at all.
    """
    return np.where(flags[before] | flags[after], after, before)


def relabel(probs: Tensor, pred: Mask) -> Tensor:
    """Return probabilities (K, H, W) whose most probable class is ``pred`` (H, W).

    Where it is not, its value and the highest change places: a pixel keeps its confidence and still sums to 1.
    """
    old = probs.max(0).indices
    new = torch.from_numpy(pred).to(probs.device, torch.int64)
    changed = old != new
    columns, rows = probs[:, changed], torch.stack([old[changed], new[changed]])
    result = probs.clone()
    result[:, changed] = columns.scatter(0, rows, columns.gather(0, rows).flip(0))
    return result


def _flags(name: str, step: Step, class_names: Sequence[str]) -> Flags:
    """Return which classes (K,) the step is for."""
    for wanted in step.classes or ():
        if wanted not in class_names:
            raise ConfigError(f"post.{name}.classes holds {wanted!r}. {did_you_mean(str(wanted), class_names)}")
    return np.array([step.classes is None or name in step.classes for name in class_names])
