"""Optimisers whose whole step is one kernel (torch's ``fused=True``): the same numbers, read and written once."""

from __future__ import annotations

import inspect
from typing import Any

import timm.optim
from torch.optim import Optimizer


def has_fused_step(opt: str) -> bool:
    """Whether timm's optimiser ``opt`` is one of torch's that can fuse: SGD, Adam, AdamW; a wrapped one cannot."""
    if opt.lower() not in timm.optim.list_optimizers():
        return False
    kind = timm.optim.get_optimizer_class(opt.lower(), bind_defaults=False)
    return "fused" in inspect.signature(kind).parameters


def keep_fused(optimizer: Optimizer) -> None:
    """Let ``optimizer`` stay fused, or not, when it takes up the state of a run that was the other way.

    The choice is part of what torch saves, and a resumed run may be on another device.
    """

    def as_built(built: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
        pairs = zip(state["param_groups"], built.param_groups, strict=True)
        return {**state, "param_groups": [{**saved, "fused": own.get("fused")} for saved, own in pairs]}

    optimizer.register_load_state_dict_pre_hook(as_built)
