"""A timm backbone and a head behind the contract."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import torch
from torch import nn

from trashseg.models.contract import Execution, PixelLoss, SegmentationNet, normalises_averages
from trashseg.models.knet.generate import GenerateHead
from trashseg.models.knet.layers import resize
from trashseg.models.timm_names import check_timm, timm_statistics
from trashseg.models.timm_net.backbone import TimmBackbone
from trashseg.models.timm_net.source import starting_state
from trashseg.models.weights import State, load_fitting, trained_network

log = logging.getLogger(__name__)


class TimmNet(SegmentationNet):
    """Any timm model as backbone, any head that takes its maps.

    Args:
        backbone: a timm model, with the tag of its weights where it has several.
        head: builds the head from (the maps' channels, num_classes): :class:`LightHead`, :class:`OCRHead`,
            :class:`PyramidUPerHead` or :class:`DPTHead` for plain transformers, or a head of
            :mod:`trashseg.models.knet`.
        num_classes: K, background included.
        num_maps: the last so many maps of a pyramid (None: all), or so many blocks of a plain transformer, at even
            distances (None: four).
        min_stride: maps finer than this are left out: 4, or 8 to save time.
        options: for timm's constructor.
        aux_weight: factor of the loss of a head's further outputs.
        pretrained: start the backbone from its published weights; never silently from none.
        weights: a file or folder with the backbone's weights as timm has them, or a checkpoint of ``trashseg train``,
            whose whole network is taken (the class head only where its size fits), instead of the published ones.
        grad_checkpointing: keep only some of the backbone's activations for the backward pass: less memory, slower.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: an unknown name, or parts that do not go together.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        backbone: str,
        head: Callable[[Sequence[int], int], GenerateHead],
        num_classes: int,
        *,
        num_maps: int | None = None,
        min_stride: int = 4,
        options: Mapping[str, Any] | None = None,
        aux_weight: float = 0.4,
        pretrained: bool = True,
        weights: str | None = None,
        grad_checkpointing: bool = False,
        **execution: Unpack[Execution],
    ) -> None:
        check_timm(backbone, f"model.backbone={backbone}")
        load = pretrained or weights is not None
        state, what = starting_state(backbone, weights) if load else ({}, "")
        own = trained_network(state)
        features = TimmBackbone(
            backbone,
            num_maps=num_maps,
            min_stride=min_stride,
            options=options,
            state=state if load and own is None else None,
            what=what,
            grad_checkpointing=grad_checkpointing,
        )
        super().__init__(*timm_statistics(backbone), features.multiple, **execution)
        self.net = _Parts(features, head(features.channels, num_classes))
        self.aux_weight = aux_weight
        if own is not None:
            load_fitting(self.net, _without_other_classes(self.net, own), what)
        self.to(memory_format=self.memory_format)

    backbone_prefixes = ("net.backbone.",)

    def compile(self, *arguments: Any, **keywords: Any) -> None:
        """Compile the inner network, since training calls it rather than the whole."""
        self.net.compile(*arguments, **keywords)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        return resize(self.net(x)[0], x.shape[-2:])

    def training_loss(
        self, image: torch.Tensor, target: torch.Tensor, pixel_loss: PixelLoss
    ) -> dict[str, torch.Tensor]:
        """Return the loss of the logits, ``main``, and of the head's further outputs, ``auxiliary``, to be summed.

        Args:
            image: (N, 3, H, W) in [0, 1].
            target: (N, H, W) class ids, or 255 for ignored pixels.
            pixel_loss: (logits (N, K, H, W), target) to a scalar.

        Raises:
            ConfigError: one image a process is too few for the batch norm of a globally pooled branch.
        """
        height, width = image.shape[-2:]
        x = self.prepared(image)
        with normalises_averages():
            outputs = self.net(x, further=True)
        losses = [pixel_loss(resize(y, x.shape[-2:])[..., :height, :width], target) for y in outputs]
        further = {"auxiliary": self.aux_weight * torch.stack(losses[1:]).sum()} if len(losses) > 1 else {}
        return {"main": losses[0], **further}


class _Parts(nn.Module):
    """The backbone and the head, under one name: what a checkpoint holds.

    Args:
        backbone: gives the maps.
        head: gives the logits.
    """

    def __init__(self, backbone: TimmBackbone, head: GenerateHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, x: torch.Tensor, *, further: bool = False) -> list[torch.Tensor]:
        """Return the logits (N, K, h, w), and with ``further`` what else the head gives for training."""
        maps = self.backbone(x)
        head: Any = self.head
        if further and hasattr(head, "outputs"):
            outputs: list[torch.Tensor] = head.outputs(maps)
            return outputs
        return [head(maps)[1]]


def _without_other_classes(net: nn.Module, state: State) -> State:
    """Return ``state`` with the net's own values where a classification has another number of classes."""
    own = net.state_dict()
    names = [name for name in own if ".conv_seg." in name and name in state and state[name].shape != own[name].shape]
    if names:
        log.info("%d tensors of the class head start from random values: %s, ...", len(names), names[0])
    return {**state, **{name: own[name] for name in names}}
