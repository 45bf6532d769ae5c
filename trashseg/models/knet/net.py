"""K-Net behind the contract: backbone, decode head, and the auxiliary head that only training needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import torch

from trashseg.models.contract import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Execution,
    PixelLoss,
    SegmentationNet,
    normalises_averages,
)
from trashseg.models.hub import SCRATCH_HINT
from trashseg.models.knet.convert import is_network, load_backbone, load_network
from trashseg.models.knet.generate import FCNHead, GenerateHead
from trashseg.models.knet.head import IterativeHead
from trashseg.models.knet.layers import Backbone, resize
from trashseg.models.knet.update import KernelUpdateHead
from trashseg.models.weights import read_state, timm_state, weight_file
from trashseg.types import WeightsError

log = logging.getLogger(__name__)


class KNet(SegmentationNet):
    """K-Net for semantic segmentation (Zhang et al. 2021), as mmsegmentation builds it.

    The state dict has the names and shapes of mmsegmentation's, so that its checkpoints load as they are.

    Args:
        backbone: gives four maps; :class:`Swin` or :class:`ResNetV1c`.
        generate_head: builds the generate head from (the maps' channels, num_classes).
        num_classes: K, background included.
        num_stages: rounds of kernel updates; 0 leaves the generate head alone, such as mmsegmentation's UPerNet.
        update: the settings of every :class:`KernelUpdateHead` but its channels.
        aux_channels: width of the auxiliary head on the third map.
        aux_weight: factor of its loss.
        pretrained: start the backbone from its published weights; never silently from none.
        weights: a file or folder with a whole network (mmsegmentation's, or a checkpoint of ``trashseg train``) or
            a backbone (timm's, Microsoft's or mmsegmentation's), instead of the published ones.
        resize_head: ``weights`` may be of a network with another number of classes.
        grad_checkpointing: keep only the blocks' inputs of the backbone for the backward pass: less memory, slower.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: sizes that do not go together.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        backbone: Backbone,
        generate_head: Callable[[Sequence[int], int], GenerateHead],
        num_classes: int,
        *,
        num_stages: int = 3,
        update: Mapping[str, int] | None = None,
        aux_channels: int = 256,
        aux_weight: float = 0.4,
        pretrained: bool = True,
        weights: str | None = None,
        resize_head: bool = False,
        grad_checkpointing: bool = False,
        **execution: Unpack[Execution],
    ) -> None:
        # The parts complete any size themselves, as they did when the published weights were trained.
        super().__init__(IMAGENET_MEAN, IMAGENET_STD, multiple=1, **execution)
        self.backbone = backbone
        backbone.grad_checkpointing = grad_checkpointing
        generate = generate_head(backbone.channels, num_classes)
        channels = generate.conv_seg.in_channels
        stages = [KernelUpdateHead(channels, **dict(update or {})) for _ in range(num_stages)]
        self.decode_head = IterativeHead(generate, stages)
        self.auxiliary_head = FCNHead(
            backbone.channels, num_classes, aux_channels, num_convs=1, concat_input=False, in_index=2
        )
        self.aux_weight = aux_weight
        if pretrained or weights is not None:
            self._start(weights, resize_head=resize_head)
        self.to(memory_format=self.memory_format)

    def compile(self, *arguments: Any, **keywords: Any) -> None:
        """Compile the parts, since training calls them rather than the whole."""
        for part in (self.backbone, self.decode_head, self.auxiliary_head):
            part.compile(*arguments, **keywords)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last stage's logits (N, K, H, W) for normalised images."""
        return resize(self.stages(x)[-1], x.shape[-2:])

    def stages(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the logits (N, K, h, w) of the generate head and of every stage for normalised images (N, 3, H, W)."""
        outputs: list[torch.Tensor] = self.decode_head(self.backbone(x))
        return outputs

    def training_loss(
        self, image: torch.Tensor, target: torch.Tensor, pixel_loss: PixelLoss
    ) -> dict[str, torch.Tensor]:
        """Return the loss of every output, to be summed: ``stage0`` (generate head), ``stage1``..., ``auxiliary``.

        Each is ``pixel_loss`` of the output's logits, resized bilinearly to the target; the auxiliary one times
        ``aux_weight``. mmsegmentation divides its cross-entropy by all pixels, ignored ones included, where ours
        divides by the others: with a share v of valid pixels its loss is v times this one.

        Args:
            image: (N, 3, H, W) in [0, 1].
            target: (N, H, W) class ids, or 255 for ignored pixels.
            pixel_loss: (logits (N, K, H, W), target) to a scalar.

        Raises:
            ConfigError: one image a process is too few for the batch norm of a globally pooled branch.
        """
        x = self.prepared(image)
        size = target.shape[-2:]
        with normalises_averages():
            maps = self.backbone(x)
            outputs = self.decode_head(maps)
        parts = {f"stage{i}": pixel_loss(resize(logits, size), target) for i, logits in enumerate(outputs)}
        _, auxiliary = self.auxiliary_head(maps)
        return {**parts, "auxiliary": self.aux_weight * pixel_loss(resize(auxiliary, size), target)}

    def _start(self, weights: str | None, *, resize_head: bool) -> None:
        """Load the starting weights: a whole network or a backbone."""
        if weights is not None:
            path = weight_file(weights)
            state, what = read_state(path), str(path)
        elif self.backbone.timm_name is None:
            raise WeightsError(f"model.backbone.timm_name names no published weights; {SCRATCH_HINT}.")
        else:
            state, what = timm_state(self.backbone.timm_name)
        if is_network(state):
            load_network(self, state, what, resize_head=resize_head)
        else:
            load_backbone(self.backbone, self.backbone.convert(state), what)
        log.info("starting weights of K-Net: %s", what)
