"""Optimisers by timm's names, and the recipe that a config describes."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import timm.optim
from torch import nn
from torch.optim import Optimizer

from trashseg.optim.fused import has_fused_step, keep_fused
from trashseg.optim.groups import NO_DECAY, parameter_groups
from trashseg.optim.schedules import Schedule
from trashseg.types import ConfigError, did_you_mean

log = logging.getLogger(__name__)

_LOOKAHEAD = "lookahead_"


def build_optimizer(
    net: nn.Module,
    *,
    opt: str,
    lr: float,
    weight_decay: float = 0.0,
    backbone_lr_mult: float = 1.0,
    layer_decay: float | None = None,
    no_decay: Sequence[str] = NO_DECAY,
    **options: Any,
) -> Optimizer:
    """Return an optimiser of timm over the trainable parameters of ``net``.

    Args:
        net: the network.
        opt: a name of ``timm.optim.list_optimizers()``; ``lookahead_NAME`` wraps it (Zhang et al. 2019).
        lr: learning rate of the head, above 0.
        weight_decay: of weights; biases, norms, positions and tokens do not decay.
        backbone_lr_mult: factor of the backbone's learning rate, at least 0.
        layer_decay: factor a block away from the head, in (0, 1]; None for none.
        no_decay: parts of the names of further parameters that do not decay.
        **options: settings of the optimiser itself, such as ``betas``, ``eps``, ``momentum``.

    Raises:
        ConfigError: the name is unknown, its package is not installed, or a setting is refused.
    """
    _check_name(opt)
    _check_settings(lr, weight_decay, backbone_lr_mult, layer_decay)
    groups = parameter_groups(
        net,
        lr=lr,
        weight_decay=weight_decay,
        backbone_lr_mult=backbone_lr_mult,
        layer_decay=layer_decay,
        no_decay=no_decay,
    )
    try:
        optimizer: Optimizer = timm.optim.create_optimizer_v2(
            groups, opt=opt, lr=lr, weight_decay=weight_decay, **options
        )
    except (TypeError, ValueError, ImportError, AssertionError) as error:
        reason = str(error) or "its package or device is not there"
        raise ConfigError(
            f"optimiser {opt!r} refuses its settings {options}: {reason}. Correct optim.options or optim.opt."
        ) from error
    return optimizer


class Recipe:
    """How a network is optimised: parameter groups, optimiser and schedule, ready to meet a network."""

    def __init__(
        self,
        opt: str,
        lr: float,
        schedule: Schedule,
        weight_decay: float = 0.0,
        backbone_lr_mult: float = 1.0,
        layer_decay: float | None = None,
        no_decay: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        fused: bool = False,
    ) -> None:
        """Keep the settings of :func:`build_optimizer`; ``no_decay`` None stands for its default.

        With ``fused`` the optimiser's step is one kernel where it has such a step.

        Raises:
            ConfigError: the optimiser is unknown or a setting out of range, said here before any data is read.
        """
        _check_name(opt)
        _check_settings(lr, weight_decay, backbone_lr_mult, layer_decay)
        self.schedule = schedule
        # Not among the settings: it says how a step is computed, not which.
        self._execution: dict[str, Any] = {"fused": True} if fused and has_fused_step(opt) else {}
        if fused and not self._execution:
            log.info("trainer.fused_optimizer=true: %s has no fused step and keeps its own", opt)
        self.settings: dict[str, Any] = {
            **dict(options or {}),
            "opt": opt,
            "lr": lr,
            "weight_decay": weight_decay,
            "backbone_lr_mult": backbone_lr_mult,
            "layer_decay": layer_decay,
            "no_decay": NO_DECAY if no_decay is None else tuple(no_decay),
        }

    def optimizer(self, net: nn.Module) -> Optimizer:
        """Return the optimiser alone, at the rate that the schedule starts from.

        Raises:
            ConfigError: as :func:`build_optimizer`.
        """
        built = build_optimizer(net, **self.settings, **self._execution)
        if has_fused_step(self.settings["opt"]):
            keep_fused(built)
        return built

    def build(self, net: nn.Module, total_steps: float) -> dict[str, Any]:
        """Return what Lightning's ``configure_optimizers`` gives back: ``optimizer`` and ``lr_scheduler``.

        Args:
            net: the network; its frozen parameters stay out.
            total_steps: optimiser steps of the whole training, as ``trainer.estimated_stepping_batches`` has them;
                may be infinite where the schedule needs no end.

        Raises:
            ConfigError: as :func:`build_optimizer`, or the schedule needs an end and there is none.
        """
        optimizer = self.optimizer(net)
        return {"optimizer": optimizer, "lr_scheduler": self.schedule.build(optimizer, total_steps)}


def _check_name(opt: str) -> None:
    known = timm.optim.list_optimizers()
    if opt.lower().removeprefix(_LOOKAHEAD) not in known:
        hint = did_you_mean(opt.lower().removeprefix(_LOOKAHEAD), known)
        raise ConfigError(f"optimiser {opt!r} is unknown; timm has {len(known)}, each also as {_LOOKAHEAD}NAME. {hint}")


def _check_settings(lr: float, weight_decay: float, backbone_lr_mult: float, layer_decay: float | None) -> None:
    rules = (
        ("lr", lr, lr > 0, "a number above 0"),
        ("weight_decay", weight_decay, weight_decay >= 0, "a number of at least 0"),
        ("backbone_lr_mult", backbone_lr_mult, backbone_lr_mult >= 0, "a number of at least 0"),
        ("layer_decay", layer_decay, layer_decay is None or 0 < layer_decay <= 1, "a number above 0 up to 1, or null"),
    )
    for key, value, good, allowed in rules:
        if not good or (value is not None and not math.isfinite(value)):
            raise ConfigError(f"optim.{key} is {value}; give {allowed}.")
