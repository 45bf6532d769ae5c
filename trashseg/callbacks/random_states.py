"""The random number generators of a run, all processes', as plain values that a checkpoint can hold."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

States = dict[str, Any]


def gather_states(device: torch.device) -> list[States]:
    """Return the states of every process, by rank; all call this together.

    Args:
        device: of this process; a GPU has a generator of its own.
    """
    own = random_states(device)
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [own]
    states: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(states, own)
    return states


def random_states(device: torch.device) -> States:
    """Return the states of torch's, numpy's and Python's generators."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - libraries draw from it
    # weights_only loading takes no numpy array.
    numpy_state = [kind, np.asarray(keys).tolist(), *rest]
    states: States = {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": numpy_state}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_states(states: States, device: torch.device) -> None:
    """Set the generators back to what :func:`random_states` returned; a GPU's where there was one and is one."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    np.random.set_state(tuple(states["numpy"]))  # noqa: NPY002
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
