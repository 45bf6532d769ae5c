"""The cost of one network: parameters, arithmetic, time and memory."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from trashseg.build import build_net
from trashseg.inventory.memory import peak_bytes, resident_bytes, restart_peak
from trashseg.models.contract import SegmentationNet
from trashseg.types import ConfigError

MEGA, GIGA = 2**20, 10**9
ENOUGH_S = 2.0
"""A pass that takes longer than this is timed once."""


@dataclass(frozen=True)
class Measured:
    """What one network costs for one square image.

    Args:
        params: number of parameters.
        gflops: billions of floating-point operations of a forward pass, a multiplication and an addition counted as
            two; convolutions, matrix products and attention only.
        seconds: forward pass on this machine's CPU, fp32, all threads.
        channels_last: how many times faster it is with channels_last; below 1 slower.
        memory_mb: MiB of a process that predicts one image, beyond the libraries; None where the system cannot tell.
        train_mb: MiB that a training step keeps for the backward pass, an image; None where it cannot be counted.
        checkpointed_mb: the same with model.grad_checkpointing=true; None where the network has no such option.
    """

    params: int
    gflops: float
    seconds: float
    channels_last: float
    memory_mb: float | None
    train_mb: float | None
    checkpointed_mb: float | None


def measure_network(model: Mapping[str, Any], num_classes: int, size: int) -> Measured:
    """Measure the network of a ``model`` config with random weights on one image (3, size, size).

    Raises:
        ConfigError: the network cannot be built.
    """
    before = resident_bytes()
    net = build_net(model, num_classes, resumed=True).eval()
    image = torch.rand(1, 3, size, size)
    gflops = _gflops(net, image)
    restart_peak()
    seconds = _seconds(_in_format(net, torch.contiguous_format), image)
    peak = peak_bytes()
    faster = seconds / _seconds(_in_format(net, torch.channels_last), image)
    params = sum(parameter.numel() for parameter in net.parameters())
    return Measured(
        params=params,
        gflops=gflops,
        seconds=seconds,
        channels_last=faster,
        memory_mb=None if peak is None or before is None else (peak - before) / MEGA,
        train_mb=_kept_mb(net, size),
        checkpointed_mb=_checkpointed_mb(model, num_classes, size),
    )


def _in_format(net: SegmentationNet, memory_format: torch.memory_format) -> SegmentationNet:
    net.memory_format = memory_format
    return net.to(memory_format=memory_format)


@torch.no_grad()
def _seconds(net: nn.Module, image: torch.Tensor) -> float:
    """Return the time of the fastest of up to three passes after the first."""
    best = _once(net, image)
    if best > ENOUGH_S:
        return best
    return min(_once(net, image) for _ in range(3))


def _once(net: nn.Module, image: torch.Tensor) -> float:
    start = time.perf_counter()
    net(image)
    return time.perf_counter() - start


def _gflops(net: nn.Module, image: torch.Tensor) -> float:
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    # The counter stumbles over parameters that are handed from module to module without a gradient.
    net.requires_grad_(False)
    # It knows matrix products, but not every fused attention.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        net(image)
    for parameter in trained:
        parameter.requires_grad_(True)
    return float(counter.get_total_flops()) / GIGA


def _checkpointed_mb(model: Mapping[str, Any], num_classes: int, size: int) -> float | None:
    if "grad_checkpointing" not in model:
        return None
    try:
        net = build_net({**model, "grad_checkpointing": True}, num_classes, resumed=True)
    except ConfigError:
        return None
    return _kept_mb(net, size)


def _kept_mb(net: nn.Module, size: int) -> float | None:
    """Return the MiB of distinct storages, weights apart, that autograd saves in a forward pass, an image.

    It runs on the meta device, without memory or arithmetic, and leaves the network there. Two images, since batch
    norm cannot train on one.
    """
    net = net.to("meta").train()
    weights = {tensor.untyped_storage()._cdata for tensor in (*net.parameters(), *net.buffers())}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    try:
        with warnings.catch_warnings(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            warnings.simplefilter("ignore")
            output = net(torch.empty(2, 3, size, size, device="meta"))
    except (RuntimeError, NotImplementedError):  # a network that looks at values, which the meta device lacks
        return None
    del output
    return sum(storage.nbytes() for storage in kept.values()) / 2 / MEGA
