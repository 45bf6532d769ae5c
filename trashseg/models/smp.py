"""Any architecture of segmentation-models-pytorch over any of its encoders or timm's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import segmentation_models_pytorch as smp
import torch
from timm.data.constants import IMAGENET_DPN_MEAN, IMAGENET_DPN_STD, IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD
from torch.nn import functional

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD, Execution, SegmentationNet
from trashseg.models.hub import hub_file
from trashseg.models.smp_check import checked_fit
from trashseg.models.smp_fit import ARCHITECTURES, REFUSALS, Fit
from trashseg.models.smp_recompute import recompute_encoder
from trashseg.models.timm_names import forget_state, refused_weights, timm_statistics
from trashseg.models.weights import (
    State,
    check_filled,
    load_fitting,
    state_of,
    timm_state,
    trained_network,
    watch_loading,
    weight_file,
)

log = logging.getLogger(__name__)

OWN_STATISTICS = {
    "dpn": (IMAGENET_DPN_MEAN, IMAGENET_DPN_STD),
    "inception": (IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD),
    "timm-tf_efficientnet_lite": (IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD),
    "xception": (IMAGENET_INCEPTION_MEAN, IMAGENET_INCEPTION_STD),
}
"""Families of SMP's own encoders whose weights were trained with another normalisation than torchvision's.

SMP keeps it on the hub, beside the weights; a trained network must not need the hub.
"""


class SMPNet(SegmentationNet):
    """``smp.<arch>(encoder_name, classes=num_classes, **options)`` behind the contract.

    What the encoder needs beside its name is found out by trying (see :func:`find_fit`): windowed transformers are laid
    out for 512 px and padded, plain ViTs resize their positions, and networks that take one size only get the image
    resized to it, and their logits resized back.

    Args:
        arch: one of :data:`ARCHITECTURES`.
        encoder_name: a native SMP encoder, or ``tu-`` and a timm model with its tag.
        num_classes: K, background included.
        pretrained: start the encoder from its published weights; never silently from none.
        weights: a file or folder with the encoder's weights, or a checkpoint of ``trashseg train``, whose whole
            network is taken (the class head only where its size fits), instead of the published ones.
        options: passed on to the architecture and, for ``tu-`` encoders, to timm; ``img_size`` is the side in pixels
            for which a transformer with windows is laid out.
        mean: per channel in [0, 1]; None: the encoder's own.
        std: per channel in [0, 1]; None: the encoder's own.
        multiple: sides are padded to multiples of this; None: the smallest that suits the network.
        grad_checkpointing: keep only what enters the encoder's blocks for the backward pass: less memory, slower.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: an unknown architecture, encoder or option, or a pair that does not go together.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        arch: str,
        encoder_name: str,
        num_classes: int,
        *,
        pretrained: bool = True,
        weights: str | None = None,
        options: Mapping[str, Any] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        multiple: int | None = None,
        grad_checkpointing: bool = False,
        **execution: Unpack[Execution],
    ) -> None:
        fit = checked_fit(arch, encoder_name, options or {}, multiple)
        own_mean, own_std = statistics(encoder_name)
        super().__init__(mean or own_mean, std or own_std, multiple=fit.multiple, **execution)
        self.fit = fit
        _announce(fit)
        load = pretrained or weights is not None
        state, what = _starting_state(encoder_name, weights) if load else ({}, "")
        own = trained_network(state)
        self.net = _build(arch, encoder_name, num_classes, dict(fit.options), None if own else state, what)
        if own is not None:
            load_fitting(self.net, own, what, optional="segmentation_head.")
        if grad_checkpointing:
            recompute_encoder(self.net.get_submodule("encoder"), encoder_name)
        self.to(memory_format=self.memory_format)

    backbone_prefixes = ("net.encoder.",)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        height, width = x.shape[-2:]
        if self.fit.fixed is not None:
            small = functional.interpolate(x, self.fit.fixed, mode="bilinear", antialias=True)
            result: torch.Tensor = self.net(small.contiguous(memory_format=self.memory_format))
            return functional.interpolate(result, (height, width), mode="bilinear")
        below, right = (max(0, self.fit.smallest - side) for side in (height, width))
        if below or right:
            x = functional.pad(x, (0, right, 0, below), mode="replicate")
        result = self.net(x)
        return result[..., :height, :width]


def _announce(fit: Fit) -> None:
    """Say what a network does to sizes that most users would not expect."""
    if fit.fixed is not None:
        log.info("this encoder takes images of %d x %d only: they are resized to that inside the network", *fit.fixed)
    elif fit.multiple > 64:
        log.info("this encoder's windows need sides in multiples of %d: images are padded", fit.multiple)


def _starting_state(encoder_name: str, weights: str | None) -> tuple[State, str]:
    """Return the starting weights of an encoder and where they come from."""
    if weights is not None:
        return state_of(weight_file(weights), encoder_name)
    if encoder_name.startswith("tu-"):
        return timm_state(encoder_name.removeprefix("tu-"))
    settings = smp.encoders.encoders[encoder_name]["pretrained_settings"]
    chosen = settings.get("imagenet") or next(iter(settings.values()))
    return state_of(hub_file(chosen["repo_id"], encoder_name, revision=chosen["revision"]), encoder_name)


def _build(
    arch: str, encoder_name: str, num_classes: int, options: dict[str, Any], state: State | None, what: str
) -> torch.nn.Module:
    """Build the network, its encoder filled from ``state`` where there is one; the rest is random."""
    by_timm = bool(state) and encoder_name.startswith("tu-")
    if by_timm:
        options["pretrained_cfg_overlay"] = {"state_dict": state}
    try:
        with watch_loading() as without_entry, warnings.catch_warnings():
            # timm's way to bring tables of positions to another size.
            warnings.filterwarnings("ignore", module=r"timm\.layers\.interpolate")
            # For timm encoders anything but None means weights; native ones are filled below.
            built = ARCHITECTURES[arch](
                encoder_name=encoder_name, encoder_weights=True if by_timm else None, classes=num_classes, **options
            )
    except REFUSALS as error:
        if not by_timm:
            raise
        # The network itself was found to build: it is the weights.
        raise refused_weights(error, what) from error
    encoder = built.get_submodule("encoder")
    if by_timm:
        check_filled(encoder, without_entry, what)
        forget_state(encoder)
    elif state:
        load_fitting(encoder, state, what)
    return built


def statistics(encoder_name: str) -> tuple[Sequence[float], Sequence[float]]:
    """Return the mean and standard deviation that the encoder's published weights expect."""
    if encoder_name.startswith("tu-"):
        return timm_statistics(encoder_name.removeprefix("tu-"))
    own = (statistics for family, statistics in OWN_STATISTICS.items() if encoder_name.startswith(family))
    return next(own, (IMAGENET_MEAN, IMAGENET_STD))
