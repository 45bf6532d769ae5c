"""Attention is switched where a library offers the choice, and its values stay."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
import transformers
from torch import nn
from torch.nn import functional

from trashseg.callbacks.attention import PlainAttention, has_fused_attention
from trashseg.models.knet import Swin


def segformer() -> nn.Module:
    sizes = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 3, 4]}
    return transformers.SegformerForSemanticSegmentation(transformers.SegformerConfig(**sizes, decoder_hidden_size=16))


def vit() -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", depth=2, img_size=64)


@pytest.mark.parametrize("make", [vit, segformer])
def test_no_fused_kernel_is_called_any_more(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net, image, calls = make().eval(), torch.rand(1, 3, 64, 64), []
    real = functional.scaled_dot_product_attention
    counting = lambda *a, **k: calls.append(1) or real(*a, **k)  # noqa: E731 - counts, and does what it did
    monkeypatch.setattr(functional, "scaled_dot_product_attention", counting)

    def output() -> torch.Tensor:
        with torch.no_grad():
            found = net(image)
        return found if isinstance(found, torch.Tensor) else found.logits

    before, num_before = output(), len(calls)
    assert num_before > 0
    PlainAttention().setup(None, net, "fit")  # type: ignore[arg-type]
    torch.testing.assert_close(output(), before, rtol=1e-5, atol=1e-6)
    assert len(calls) == num_before
    assert not any(has_fused_attention(module) for module in net.modules())


def test_others_have_nothing_to_switch() -> None:
    swin = Swin(8, [1, 1, 1, 1], [1, 1, 1, 1], window_size=4)
    for net in (swin, nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3))):
        PlainAttention().setup(None, net, "fit")  # type: ignore[arg-type]
        assert not any(has_fused_attention(module) for module in net.modules())
