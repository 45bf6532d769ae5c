"""From a timm name to a built feature extractor, filled from a state dict; every mistake gets a clear word."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import nn

from trashseg.models.hub import SCRATCH_HINT
from trashseg.models.timm_names import forget_state, refused_weights
from trashseg.models.weights import State, check_filled, state_of, timm_state, watch_loading, weight_file
from trashseg.types import ConfigError, WeightsError

_ANY_SIZE: dict[str, Any] = {"strict_img_size": False, "dynamic_img_size": True}
"""Arguments, in the order of preference, with which a timm model takes images of any size."""


def native_size(name: str) -> int:
    """Return the side, in pixels, of the square images that the model's weights were made with."""
    config = timm.get_pretrained_cfg(name)
    return max(config.input_size[1:]) if config is not None else 224


def starting_state(name: str, weights: str | None) -> tuple[State, str]:
    """Return the starting weights, published or from ``weights``, and where they come from.

    Raises:
        WeightsError: they cannot be had.
    """
    if weights is None:
        return timm_state(name)
    return state_of(weight_file(weights), name)


def create(name: str, options: Mapping[str, Any], state: State | None, what: str) -> nn.Module:
    """Build timm's feature extractor, filled from ``state`` where there is one; else its weights are random.

    timm itself converts the weights: other sizes of positions, older names.

    Args:
        name: a timm model.
        options: for the model's constructor; what makes it take any size is added.
        state: a state dict as timm publishes it, or None.
        what: names its source in messages.

    Raises:
        ConfigError: the model does not take the options, or gives no feature maps.
        WeightsError: ``state`` lacks tensors, or has them in other shapes.
    """
    arguments: dict[str, Any] = {**_any_size(name), **options}
    if state is not None:
        arguments |= {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state}}
    try:
        with watch_loading() as without_entry:
            model: nn.Module = timm.create_model(name, features_only=True, **arguments)
    except (TypeError, ValueError, AssertionError, RuntimeError, AttributeError, KeyError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        if state is not None and "loading state_dict" in lines[0]:
            raise refused_weights(error, what) from error
        if state is not None and isinstance(error, KeyError | AttributeError):
            # timm's conversion looks for a tensor that is not there.
            raise WeightsError(f"{what} does not fit {name}: no {lines[0]}; {SCRATCH_HINT}.") from error
        raise ConfigError(f"model.backbone={name} cannot be built: {lines[0]}") from error
    if state is not None:
        check_filled(model, without_entry, what)
        forget_state(model)
    return model


def set_grad_checkpointing(model: nn.Module, name: str) -> None:
    """Let timm's ``model`` keep only some activations for the backward pass: less memory, slower.

    Raises:
        ConfigError: it cannot.
    """
    # The extractor of transformers has no such method, the transformer within has.
    target: Any = model if hasattr(model, "set_grad_checkpointing") else getattr(model, "model", model)
    try:
        target.set_grad_checkpointing(True)
    except (AttributeError, AssertionError) as error:
        raise ConfigError(
            f"model.grad_checkpointing=true: timm has none for {name}; give model.grad_checkpointing=false, and a "
            "smaller data.batch_size where memory is short."
        ) from error


def forward_maps(model: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Return timm's feature maps of x (N, 3, H, W), each (N, C, h, w), whatever the model's own order."""
    maps: list[torch.Tensor] = model(x)
    if getattr(model, "output_fmt", None) == "NHWC":
        maps = [y.permute(0, 3, 1, 2).contiguous() for y in maps]
    return maps


def _any_size(name: str) -> dict[str, Any]:
    """Return the argument that lets the model take images of any size; empty where it has or needs none."""
    # timm annotates each builder with the class that it builds.
    kind = inspect.signature(timm.models.model_entrypoint(name.partition(".")[0])).return_annotation
    known: set[str] = set()
    for base in kind.__mro__ if inspect.isclass(kind) else ():
        parameters = inspect.signature(base).parameters
        known |= parameters.keys()
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return next(({key: value} for key, value in _ANY_SIZE.items() if key in known), {})
