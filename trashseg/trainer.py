"""Lightning's Trainer with the few options that it lacks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from trashseg.callbacks.attention import PlainAttention
from trashseg.callbacks.auto_batch import AutoBatch
from trashseg.types import ConfigError

log = logging.getLogger(__name__)


class Trainer(pl.Trainer):
    """Lightning's Trainer, and how the steps of a training are computed.

    Args:
        auto_batch: find the largest batch that the device takes, see :class:`AutoBatch`.
        fused_optimizer: the optimiser's step as one kernel, where it has such a step.
        fused_attention: False: attention as plain matrix products, see :class:`PlainAttention`.
        callbacks: called in this order.
        **lightning: the keywords of ``lightning.pytorch.Trainer``.

    Raises:
        ConfigError: one of our options is neither true nor false.
    """

    def __init__(
        self,
        *,
        auto_batch: bool = False,
        fused_optimizer: bool = False,
        fused_attention: bool = True,
        callbacks: Sequence[Callback] = (),
        **lightning: Any,
    ) -> None:
        flags = {"auto_batch": auto_batch, "fused_optimizer": fused_optimizer, "fused_attention": fused_attention}
        for name, value in flags.items():
            if not isinstance(value, bool):
                raise ConfigError(f"trainer.{name}={value}; give true or false.")
        # First, so that what copies the network, such as EMA, copies what trains.
        ours: list[Callback] = [PlainAttention()] if not fused_attention else []
        ours += [AutoBatch()] if auto_batch else []
        super().__init__(callbacks=[*ours, *callbacks], **lightning)
        refusal = why_not_fused(str(self.precision), self.gradient_clip_val)
        if fused_optimizer and refusal is not None:
            log.info("trainer.fused_optimizer=true: %s; the optimiser keeps its own step", refusal)
        self.fused_optimizer = fused_optimizer and refusal is None


def why_not_fused(precision: str, gradient_clip_val: float | None) -> str | None:
    """Return why an optimiser cannot be fused here; None: it can.

    Fused, it takes back fp16's loss scaling by itself, and Lightning cannot clip gradients that are still scaled.
    """
    if precision == "16-mixed" and gradient_clip_val:
        return f"trainer.precision=16-mixed does not go with gradient_clip_val={gradient_clip_val} then"
    return None
