"""Networks of transformers with logits for every pixel: SegFormer, UPerNet, BEiT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from trashseg.models.contract import PixelLoss
from trashseg.models.hf.base import TransformersNet
from trashseg.models.knet.layers import resize


class HFNet(TransformersNet):
    """A semantic segmentation model of transformers behind the contract; for the arguments see the base class.

    Where the model has an auxiliary head (UPerNet, BEiT) it is trained too, with the config's
    ``auxiliary_loss_weight``, as the published ones were.
    """

    @staticmethod
    def kinds() -> Mapping[str, Any]:
        """Return the model types that work at any size, and their classes."""
        import transformers

        return {
            "beit": transformers.BeitForSemanticSegmentation,
            "segformer": transformers.SegformerForSemanticSegmentation,
            "upernet": transformers.UperNetForSemanticSegmentation,
        }

    @staticmethod
    def backbone(model_type: str) -> Sequence[str]:
        """Return the prefix of the backbone's parameters."""
        return ["backbone."] if model_type == "upernet" else [f"{model_type}."]

    @staticmethod
    def multiple_of(config: Any) -> int:
        """Return 32, or two patches where a plain transformer's are of another size: its pyramid halves them once."""
        patch = getattr(getattr(config, "backbone_config", config), "patch_size", None)
        return 2 * patch if isinstance(patch, int) and patch >= 8 else 32

    def prepare(self) -> None:
        """Watch the auxiliary head, and take BEiT's features where its published heads were trained on them."""
        model: Any = self.net
        self.keeps_auxiliary = False
        self.auxiliary: torch.Tensor | None = None
        auxiliary = getattr(model, "auxiliary_head", None)
        if isinstance(auxiliary, nn.Module):
            auxiliary.register_forward_hook(self._keep)
        if model.config.model_type == "beit":
            # The config counts blocks from 0 and means their outputs (Bao et al. 2021, in their own code);
            # transformers reads it as counts from 1 of the blocks' inputs, which lie two blocks before.
            model.config._out_indices = [index + 2 for index in model.config.out_indices]

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        result: torch.Tensor = self.net(pixel_values=x).logits
        return resize(result.float(), x.shape[-2:])

    def training_loss(
        self, image: torch.Tensor, target: torch.Tensor, pixel_loss: PixelLoss
    ) -> dict[str, torch.Tensor]:
        """Return ``pixel_loss`` of the logits as ``decode``, and of the auxiliary head's times its weight.

        Args:
            image: (N, 3, H, W) in [0, 1].
            target: (N, H, W) class ids, or 255 for ignored pixels.
            pixel_loss: (logits (N, K, H, W), target) to a scalar.
        """
        self.keeps_auxiliary = True
        try:
            logits = self(image)
        finally:
            auxiliary, self.auxiliary = self.auxiliary, None
            self.keeps_auxiliary = False
        parts = {"decode": pixel_loss(logits, target)}
        if auxiliary is not None:
            height, width = image.shape[-2:]
            padded = (height + -height % self.multiple, width + -width % self.multiple)
            resized = resize(auxiliary.float(), padded)[..., :height, :width]
            config: Any = self.net.config
            parts["auxiliary"] = config.auxiliary_loss_weight * pixel_loss(resized, target)
        return parts

    def _keep(self, module: nn.Module, inputs: Any, output: torch.Tensor) -> None:  # noqa: ARG002 - torch's signature
        if self.keeps_auxiliary:
            self.auxiliary = output
