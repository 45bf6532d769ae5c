"""Networks of transformers that answer with classified masks: Mask2Former, EoMT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional

from trashseg.models.contract import PixelLoss
from trashseg.models.hf.base import TransformersNet
from trashseg.models.hf.set_loss import SetLoss
from trashseg.types import IGNORE_INDEX

LEAST_SCORE = 1e-30
"""Below this a class's score at a pixel, beside the largest mask's, is none; keeps its logarithm finite."""


class HFQueryNet(TransformersNet):
    """A mask classification model of transformers behind the contract; for the arguments see the base class.

    Q queries answer with a class and a mask each. The score of class k at a pixel is the sum over the queries of the
    probability of k (no object left out) times that of the mask; the logits are the logarithms of the scores divided
    by their sum over the classes. Their softmax therefore is the scores' share, and their argmax that of transformers'
    ``post_process_semantic_segmentation``.

    Training takes the model's own set loss and not the pixel loss; see :class:`SetLoss`.
    """

    @staticmethod
    def kinds() -> Mapping[str, Any]:
        """Return the model types and their classes."""
        from trashseg.models.hf import parts

        return {"eomt": parts.Eomt, "eomt_dinov3": parts.EomtDinov3, "mask2former": parts.Mask2Former}

    @staticmethod
    def backbone(model_type: str) -> Sequence[str]:
        """Return the prefixes of the backbone's parameters."""
        return ["model.pixel_level_module.encoder."] if model_type == "mask2former" else ["embeddings.", "layers."]

    @staticmethod
    def multiple_of(config: Any) -> int:
        """Return 32 for Mask2Former, and EoMT's patch."""
        return int(getattr(config, "patch_size", 32))

    def prepare(self) -> None:
        """Read the loss's settings from the config."""
        config: Any = self.net.config
        self.set_loss = SetLoss(
            class_weight=config.class_weight,
            mask_weight=config.mask_weight,
            dice_weight=config.dice_weight,
            no_object_weight=config.no_object_weight,
            num_points=config.train_num_points,
            oversample_ratio=config.oversample_ratio,
            importance_sample_ratio=config.importance_sample_ratio,
        )

    def compile(self, *arguments: Any, **keywords: Any) -> None:
        """Compile the model, since training calls it rather than the whole."""
        self.net.compile(*arguments, **keywords)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores' logarithms (N, K, H, W), float32, for normalised images."""
        output: Any = self.net(pixel_values=x)
        classes, masks = output.class_queries_logits.float(), output.masks_queries_logits.float()
        with torch.autocast(x.device.type, enabled=False):
            # One image at a time: the masks of all queries at the image's size are large.
            return torch.stack([_log_scores(*one, x.shape[-2:]) for one in zip(classes, masks, strict=True)])

    def training_loss(
        self,
        image: torch.Tensor,
        target: torch.Tensor,
        pixel_loss: PixelLoss,  # noqa: ARG002 - the contract's signature
    ) -> dict[str, torch.Tensor]:
        """Return the set loss's parts ``class``, ``mask`` and ``dice``, weighted and summed over the layers.

        Args:
            image: (N, 3, H, W) in [0, 1].
            target: (N, H, W) class ids, or 255 for ignored pixels.
            pixel_loss: not used.
        """
        x = self.prepared(image)
        margins = (0, x.shape[-1] - target.shape[-1], 0, x.shape[-2] - target.shape[-2])
        target = functional.pad(target, margins, value=IGNORE_INDEX)
        model: Any = self.net
        # The labels only make the model hand its layers to its loss, which keeps them.
        model(pixel_values=x, mask_labels=[], class_labels=[])
        outputs = model.criterion.take()
        with torch.autocast(x.device.type, enabled=False):
            return self.set_loss(outputs, target)


def _log_scores(classes: torch.Tensor, masks: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Return the scores' logarithms (K, H, W) of one image from class logits (Q, K + 1) and mask logits (Q, h, w)."""
    masks = functional.interpolate(masks[None], size=tuple(size), mode="bilinear", align_corners=False)[0]
    # Only the shares count: a factor for each pixel keeps them where no query claims it.
    masks = functional.logsigmoid(masks)
    scores = torch.einsum("qk,qhw->khw", classes.softmax(-1)[:, :-1], (masks - masks.amax(0)).exp())
    return scores.clamp_min(LEAST_SCORE).log().log_softmax(0)
