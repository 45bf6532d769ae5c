"""Models of transformers and parts of them, changed to our ends; this module needs transformers.

The loss of those that answer with masks is replaced by a :class:`Record`: ours leaves ignored pixels out. Parameters
keep their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import EomtForUniversalSegmentation, Mask2FormerForUniversalSegmentation, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.models.convnext.modeling_convnext import ConvNextLayer
from transformers.models.eomt.modeling_eomt import EomtEmbeddings
from transformers.models.eomt_dinov3.modeling_eomt_dinov3 import EomtDinov3ForUniversalSegmentation
from transformers.models.mask2former.modeling_mask2former import Mask2FormerPixelDecoder

Output = tuple[torch.Tensor, torch.Tensor]
"""Mask logits (N, Q, h, w) and class logits (N, Q, K + 1) of one layer."""


class ConvNextBlock(GradientCheckpointingLayer, ConvNextLayer):
    """ConvNeXt's block with the gradient checkpointing that transformers gives to its others."""


def checkpoint_blocks(net: PreTrainedModel) -> None:
    """Turn on gradient checkpointing in every block of ``net``.

    Raises:
        ValueError: it has no blocks that can do so.
    """
    for part in net.modules():
        if type(part) is ConvNextLayer:
            part.__class__ = ConvNextBlock
    # Some whole models do not declare it although their blocks, or their backbone's, can.
    net.supports_gradient_checkpointing = True
    net.activation_checkpointing_enable()
    for part in net.modules():
        # Stages of checkpointing blocks would run each block a third time.
        if isinstance(part, GradientCheckpointingLayer):
            inner = (other for other in part.modules() if other is not part)
            part.gradient_checkpointing = not any(isinstance(other, GradientCheckpointingLayer) for other in inner)


class Record(nn.Module):
    """Stands in a model's place for its loss and keeps what the layers answer."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: list[Output] = []

    def forward(
        self,
        masks_queries_logits: torch.Tensor,
        class_queries_logits: torch.Tensor,
        mask_labels: Any,  # noqa: ARG002 - the loss's signature
        class_labels: Any,  # noqa: ARG002
        auxiliary_predictions: Sequence[Mapping[str, torch.Tensor]] | None = None,
    ) -> dict[str, torch.Tensor]:
        """Keep the outputs, the last layer's first where all come at once; no loss."""
        self.outputs.append((masks_queries_logits, class_queries_logits))
        for layer in auxiliary_predictions or ():
            self.outputs.append((layer["masks_queries_logits"], layer["class_queries_logits"]))
        return {}

    def take(self) -> list[Output]:
        """Return the outputs and forget them."""
        outputs, self.outputs = self.outputs, []
        return outputs


class PixelDecoder(Mask2FormerPixelDecoder):
    """Mask2Former's pixel decoder, in float32 under mixed precision, as its authors train it."""

    def forward(self, features: Any, *arguments: Any, **keywords: Any) -> Any:
        """Decode the backbone's maps."""
        with torch.autocast(features[0].device.type, enabled=False):
            return super().forward([feature.float() for feature in features], *arguments, **keywords)


class Mask2Former(Mask2FormerForUniversalSegmentation):
    """Mask2Former (Cheng et al. 2022)."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.criterion = Record()
        # Only the method is another; a new module would begin with other random values.
        self.model.pixel_level_module.decoder.__class__ = PixelDecoder


class EomtPositions(EomtEmbeddings):
    """EoMT's embeddings for any size: the learnt positions are resized to the patches of the image."""

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Return tokens (N, 1 + registers + patches, C) of normalised images."""
        patches = self.patch_embeddings(pixel_values)
        side = self.config.image_size // self.config.patch_size
        size = (pixel_values.shape[-2] // self.config.patch_size, pixel_values.shape[-1] // self.config.patch_size)
        positions = self.position_embeddings.weight
        if size != (side, side):
            grid = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
            grid = functional.interpolate(grid, size=size, mode="bicubic", antialias=True, align_corners=False)
            positions = grid.flatten(2).transpose(1, 2)[0]
        prefix = [token.expand(len(patches), -1, -1) for token in (self.cls_token, self.register_tokens)]
        embedded: torch.Tensor = self.dropout(torch.cat([*prefix, patches + positions], dim=1))
        return embedded


class Eomt(EomtForUniversalSegmentation):
    """EoMT (Kerssies et al. 2025): queries inside a plain transformer."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.criterion = Record()
        self.embeddings.__class__ = EomtPositions

    def forward(self, pixel_values: torch.Tensor, **keywords: Any) -> Any:
        """Answer for images whose sides are multiples of the patch."""
        self.grid_size = _grid(pixel_values, self.config.patch_size)
        return super().forward(pixel_values, **keywords)


class EomtDinov3(EomtDinov3ForUniversalSegmentation):
    """EoMT over DINOv3, whose rotary positions fit any size."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.criterion = Record()

    def forward(self, pixel_values: torch.Tensor, **keywords: Any) -> Any:
        """Answer for images whose sides are multiples of the patch."""
        self.grid_size = _grid(pixel_values, self.config.patch_size)
        return super().forward(pixel_values, **keywords)


def _grid(pixel_values: torch.Tensor, patch_size: int) -> tuple[int, int]:
    return pixel_values.shape[-2] // patch_size, pixel_values.shape[-1] // patch_size
