"""Attention as plain matrix products, in place of torch's fused kernels."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import lightning.pytorch as pl
from torch import nn

log = logging.getLogger(__name__)


class PlainAttention(pl.Callback):
    """Switch torch's scaled_dot_product_attention off where the libraries offer the choice.

    timm's ViT, BEiT, EVA and PVT blocks and the models of transformers (SegFormer, BEiT, Mask2Former's Swin, EoMT) use
    it as they come. K-Net's own Swin and timm's compute their attention by hand and CNNs have none: nothing changes
    there. The values are the same but for rounding.
    """

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:  # noqa: ARG002
        """Switch every block of the network."""
        log.info(
            "trainer.fused_attention=false: %d parts of the network switched", sum(1 for _ in switch_off(pl_module))
        )


def switch_off(net: nn.Module) -> Iterator[nn.Module]:
    """Switch each block of ``net`` that can be switched, and yield it."""
    for module in net.modules():
        if has_fused_attention(module):
            _switch_off(module)
            yield module


def has_fused_attention(module: nn.Module) -> bool:
    """Whether ``module`` itself chooses between fused and plain attention, and has chosen fused."""
    return bool(getattr(module, "fused_attn", False)) or _is_of_transformers(module)


def _is_of_transformers(module: nn.Module) -> bool:
    """Whether ``module`` is a model of transformers, or a part that is one, whose attention is fused."""
    return hasattr(module, "set_attn_implementation") and module.config._attn_implementation == "sdpa"  # type: ignore[union-attr]


def _switch_off(module: nn.Module) -> None:
    if _is_of_transformers(module):
        module.set_attn_implementation("eager")  # type: ignore[operator]
    else:
        module.fused_attn = False  # type: ignore[assignment]  # timm's flag is a plain attribute
