"""K-Net's decode head: a generate head and the stages that refine its kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from trashseg.models.knet.generate import GenerateHead
from trashseg.models.knet.update import KernelUpdateHead


class IterativeHead(nn.Module):
    """Kernels that are refined stage by stage (Zhang et al. 2021).

    Without stages it is the generate head alone: UPerNet, FCN, PSPNet or DeepLabV3 as mmsegmentation has them.

    Args:
        generate: gives the feature map, the first logits and the first kernels.
        stages: refine them; nothing between them is detached.
    """

    def __init__(self, generate: GenerateHead, stages: Iterable[KernelUpdateHead]) -> None:
        super().__init__()
        self.kernel_generate_head = generate
        self.kernel_update_head = nn.ModuleList(stages)

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the logits (N, K, h, w) of the generate head and of every stage, the best last."""
        feature, logits = self.kernel_generate_head(maps)
        # The weights of the classification, without its bias, are the first kernels: (K, C, 1, 1) to (N, K, C).
        kernels = self.kernel_generate_head.conv_seg.weight.flatten(1).expand(len(feature), -1, -1)
        outputs = [logits]
        for stage in self.kernel_update_head:
            logits, kernels = stage(feature, kernels, logits)
            outputs.append(logits)
        return outputs
