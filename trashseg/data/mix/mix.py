"""The container of all mixers, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trashseg.data.mix.base import BatchMixer, Labelled
from trashseg.data.mix.copy_paste import CopyPaste, Paster
from trashseg.data.mix.mixup import MixUp, Second
from trashseg.data.training import TrainingPart
from trashseg.types import ConfigError


class Mix:
    """Named mixers: those that paste into one photograph, then those of a batch in their order, MixUp last.

    Args:
        mixers: name -> :class:`CopyPaste`, :class:`BatchMixer` or :class:`MixUp`; None leaves one out.

    Raises:
        ConfigError: an entry is no mixer, or there are two of MixUp.
    """

    def __init__(self, mixers: Mapping[str, Any] | None = None) -> None:
        self.mixers = {name: mixer for name, mixer in (mixers or {}).items() if mixer is not None}
        for name, mixer in self.mixers.items():
            if not isinstance(mixer, CopyPaste | BatchMixer | MixUp):
                raise ConfigError(f"mix.{name}={mixer} is no mixer; give mix.{name}=null to leave it out.")
        self.batch_mixers = [mixer for mixer in self.mixers.values() if isinstance(mixer, BatchMixer)]
        last = [mixer for mixer in self.mixers.values() if isinstance(mixer, MixUp)]
        if len(last) > 1:
            raise ConfigError("mix has two of MixUp, but a batch has one second target; set one of them to null.")
        self.mixup = last[0] if last else None

    @property
    def mixes_batches(self) -> bool:
        """Whether photographs of a batch are mixed with each other."""
        return bool(self.batch_mixers) or self.mixup is not None

    def pasters(self, part: TrainingPart) -> list[Paster]:
        """Return the pasting mixers with their objects, which are cut out where the cache does not hold them."""
        return [mixer.open(part, f"mix.{name}") for name, mixer in self.mixers.items() if isinstance(mixer, CopyPaste)]

    def batch(self, batch: Sequence[Labelled], rng: np.random.Generator) -> tuple[list[Labelled], Second | None]:
        """Return the mixed batch and MixUp's second target; None where there is none.

        Args:
            batch: photographs of one size.
            rng: decides everything.
        """
        mixed = list(batch)
        for mixer in self.batch_mixers:
            mixed = mixer(mixed, rng)
        return self.mixup(mixed, rng) if self.mixup is not None else (mixed, None)
