"""Building a network of transformers: from random weights, or from published ones with a class head of our size."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trashseg.models.hf.library import silent
from trashseg.models.hub import SCRATCH_HINT, hub_file
from trashseg.models.weights import State, state_of, trained_network, weight_file
from trashseg.types import ConfigError, WeightsError

log = logging.getLogger(__name__)


def build(kind: Any, config: Any) -> nn.Module:
    """Return ``kind(config)`` with random weights, in eval mode.

    Raises:
        ConfigError: the values of ``config`` do not go together.
    """
    try:
        with silent():
            net: nn.Module = kind(config)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, AssertionError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise ConfigError(f"model.config of a {config.model_type} cannot be built: {reason}") from error
    return net.eval()


def build_from(kind: Any, config: Any, state: State, what: str) -> nn.Module:
    """Return ``kind(config)`` filled from ``state``, whose names may be of any version of transformers.

    Every tensor must be there in its shape but those of the class head, which begin at random where their size is
    another.

    Args:
        kind: a model class of transformers.
        config: its config, with our number of classes.
        state: the weights.
        what: names their source in messages.

    Raises:
        ConfigError: the values of ``config`` do not go together.
        WeightsError: a tensor is missing or has another shape; the first differences are listed.
    """
    head = _head(kind, config)
    net, info = _load(kind, config, state)
    sizes = {name: f"{tuple(theirs)} instead of {tuple(ours)}" for name, theirs, ours in info["mismatched_keys"]}
    _check(net, {**sizes, **dict.fromkeys(_missing(net, info), "missing")}, head, what)
    resized = sorted(head & sizes.keys())
    if resized:
        log.info("%s: the class head starts from random values: %s", what, ", ".join(resized))
    result: nn.Module = net.eval()
    return result


def in_present_names(net: Any, state: State) -> State:
    """Return ``state`` with the names that this version of transformers has, or as it is where it does not fit."""
    other, info = _load(type(net), net.config, state)
    return state if _missing(other, info) or info["mismatched_keys"] else other.state_dict()


def _load(kind: Any, config: Any, state: State) -> tuple[Any, Mapping[str, Any]]:
    """Return ``kind(config)`` with what fits of ``state``, and what did not.

    transformers renames its layers from time to time, and knows every former name.
    """
    with silent():
        net, info = kind.from_pretrained(
            None,
            config=config,
            state_dict=dict(state),
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype=torch.float32,
        )
    return net, info


def _missing(net: nn.Module, info: Mapping[str, Any]) -> list[str]:
    """Return what the weights lack, but for what transformers itself knows to be in no published file."""
    unused = ["num_batches_tracked$"]
    for part in net.modules():  # a backbone's own list counts wherever it lies
        unused += getattr(part, "_keys_to_ignore_on_load_missing", None) or []
    return [name for name in info["missing_keys"] if not any(re.search(pattern, name) for pattern in unused)]


def _check(net: nn.Module, differences: Mapping[str, str], head: set[str], what: str) -> None:
    """Refuse all ``differences`` but other sizes of the class head."""
    own = list(net.state_dict())
    hard = [f"{name}: {differences[name]}" for name in own if name in differences]
    hard = [line for line in hard if line.endswith(": missing") or line.partition(":")[0] not in head]
    if hard:
        first = "; ".join(hard[:4])
        raise WeightsError(f"{what} does not fit: {first} ({len(hard)} of {len(own)} tensors differ); {SCRATCH_HINT}.")


def _head(kind: Any, config: Any) -> set[str]:
    """Return the names of the tensors whose shape depends on the number of classes."""
    shapes = []
    for extra in (0, 1):
        other = copy.deepcopy(config)
        other.num_labels = config.num_labels + extra
        with torch.device("meta"):
            shapes.append({name: tensor.shape for name, tensor in build(kind, other).state_dict().items()})
    return {name for name, shape in shapes[0].items() if shapes[1][name] != shape}


def starting_state(repository: str | None, weights: str | None, name: str) -> tuple[State, str]:
    """Return the starting weights and where they come from.

    Args:
        repository: of the hub, or a local folder in its form.
        weights: a file, a folder, or a checkpoint of ``trashseg train``, instead of the repository's.
        name: the network's, for messages.

    Raises:
        WeightsError: they cannot be had.
    """
    if weights is not None:
        path = weight_file(weights)
    elif repository is None:
        raise WeightsError(f"model.repository names no weights for {name}; {SCRATCH_HINT}.")
    elif Path(repository).expanduser().is_dir():
        path = weight_file(repository)
    else:
        path = hub_file(repository, name)
    state, what = state_of(path, name)
    return trained_network(state) or state, what
