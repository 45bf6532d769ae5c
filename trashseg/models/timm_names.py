"""What is known of a timm model by its name, and what its constructor leaves behind."""

from __future__ import annotations

from collections.abc import Sequence

import timm
from torch import nn

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD
from trashseg.models.hub import SCRATCH_HINT
from trashseg.types import ConfigError, WeightsError, did_you_mean


def check_timm(name: str, given: str) -> None:
    """Refuse a model that timm does not have, or weights that the model does not have.

    Args:
        name: a timm model, perhaps with the tag of its weights.
        given: what the user gave, as in ``model.backbone=NAME``, for the message.

    Raises:
        ConfigError: naming the nearest ones.
    """
    model, _, tag = name.partition(".")
    if not timm.is_model(model):
        raise ConfigError(f"{given}: timm has no model {model!r}. {did_you_mean(model, timm.list_models())}")
    tags = [full.partition(".")[2] for full in timm.models.get_arch_pretrained_cfgs(model)]
    if tag and tag not in tags:
        help_ = did_you_mean(tag, tags) if any(tags) else "It has no weights at all: leave the tag out."
        raise ConfigError(f"{given}: timm's {model} has no weights {tag!r}. {help_}")


def timm_statistics(name: str) -> tuple[Sequence[float], Sequence[float]]:
    """Return the mean and standard deviation, per channel in [0, 1], that the model's weights expect."""
    config = timm.get_pretrained_cfg(name)
    return (config.mean, config.std) if config is not None else (IMAGENET_MEAN, IMAGENET_STD)


def refused_weights(error: Exception, what: str) -> WeightsError:
    """Return the error of weights ``what`` that timm's constructor would not take, with its first reasons."""
    lines = str(error).splitlines() or [type(error).__name__]
    listed = lines[1:5] if "loading state_dict" in lines[0] else lines[:1]
    first = "; ".join(line.strip().rstrip(".") for line in listed)
    return WeightsError(f"{what} does not fit: {first}; {SCRATCH_HINT}.")


def forget_state(model: nn.Module) -> None:
    """Drop the copies of the weights that timm keeps among a model's settings."""
    for part in model.modules():
        settings = getattr(part, "pretrained_cfg", None)
        if isinstance(settings, dict):
            settings.pop("state_dict", None)
