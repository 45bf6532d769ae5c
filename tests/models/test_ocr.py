"""OCR against a recomputation in numpy, and HRNet's four branches under it."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import timm
import torch
from torch.nn import functional

from trashseg.models.contract import freeze_unused
from trashseg.models.timm_net import OCRHead, TimmNet
from trashseg.models.timm_net.ocr import region_vectors

Array = npt.NDArray[np.float64]
HRNET = "hrnet_w18_small"
BRANCHES = {"feature_location": ""}
SMALL = functools.partial(OCRHead, channels=12, key_channels=6)


def hrnet(**settings: object) -> TimmNet:
    return TimmNet(HRNET, SMALL, 5, num_maps=4, options=BRANCHES, **{"pretrained": False, **settings})  # type: ignore[arg-type]


def softmax(x: Array, axis: int) -> Array:
    raised = np.exp(x - x.max(axis, keepdims=True))
    return raised / raised.sum(axis, keepdims=True)


def conv_bn_relu(part: torch.nn.Module, x: Array) -> Array:
    """A 1x1 or 3x3 convolution, batch norm by its running statistics, and ReLU; x is (C, h, w)."""
    weight = part.conv.weight.detach().double().numpy()
    reach = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[-2:], axis=(1, 2))
    y = np.einsum("dcij,chwij->dhw", weight, windows)
    norm = part.bn
    mean, var, scale, shift = (
        value.detach().double().numpy()[:, None, None]
        for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return np.maximum((y - mean) / np.sqrt(var + norm.eps) * scale + shift, 0)


def shaken(head: OCRHead) -> OCRHead:
    """Norms that do something."""
    generator = torch.Generator().manual_seed(4)
    for part in head.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            for value in (part.running_mean, part.bias.data):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
            for value in (part.running_var, part.weight.data):
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return head.eval()


def test_against_numpy() -> None:
    torch.manual_seed(2)
    num_classes, height, width = 4, 6, 8
    maps = [torch.randn(1, 3, height, width), torch.randn(1, 5, height // 2, width // 2)]
    head = shaken(OCRHead((3, 5), num_classes, 10, key_channels=6))
    with torch.no_grad():
        logits, regions = head.outputs(maps)
        feature, again = head(maps)
        larger = functional.interpolate(maps[1], scale_factor=2, mode="bilinear")
    assert torch.equal(logits, again)
    x = torch.cat([maps[0], larger], 1)[0].double().numpy()

    hidden = conv_bn_relu(head.regions.conv, x)
    classify = head.regions.conv_seg
    soft = np.einsum("kc,chw->khw", classify.weight.detach().double().numpy()[:, :, 0, 0], hidden)
    soft += classify.bias.detach().double().numpy()[:, None, None]
    np.testing.assert_allclose(regions[0].numpy(), soft, rtol=1e-4, atol=1e-4)

    pixels = conv_bn_relu(head.pixels, x)
    share = softmax(soft.reshape(num_classes, -1), 1)
    vectors = np.stack([(pixels.reshape(10, -1) * share[k]).sum(1) for k in range(num_classes)], 1)[:, :, None]
    attention = head.attention
    query = conv_bn_relu(attention.query[1], conv_bn_relu(attention.query[0], pixels)).reshape(6, -1)
    key = conv_bn_relu(attention.key[1], conv_bn_relu(attention.key[0], vectors))[:, :, 0]
    value = conv_bn_relu(attention.value, vectors)[:, :, 0]
    weights = softmax(query.T @ key / np.sqrt(6), 1)
    context = conv_bn_relu(attention.out, (value @ weights.T).reshape(6, height, width))
    expected = conv_bn_relu(head.fuse, np.concatenate([context, pixels]))
    np.testing.assert_allclose(feature[0].numpy(), expected, rtol=1e-4, atol=1e-4)


def test_a_region_of_certain_pixels_is_their_mean() -> None:
    torch.manual_seed(3)
    pixels, inside = torch.randn(2, 5, 4, 6), torch.rand(2, 3, 4, 6) < 0.4
    vectors = region_vectors(pixels, torch.where(inside, 50.0, -50.0))
    assert vectors.shape == (2, 5, 3, 1)
    for n in range(2):
        for k in range(3):
            torch.testing.assert_close(vectors[n, :, k, 0], pixels[n][:, inside[n, k]].mean(1))


def test_the_four_branches_side_by_side() -> None:
    net = hrnet()
    assert net.net.backbone.strides == (4, 8, 16, 32)
    assert net.net.backbone.channels == (16, 32, 64, 128)
    assert net.net.head.pixels.conv.in_channels == sum(net.net.backbone.channels)
    with torch.device("meta"):
        large = TimmNet("hrnet_w48_ssld", OCRHead, 11, num_maps=4, options=BRANCHES, pretrained=False)
    assert large.net.head.pixels.conv.in_channels == 48 + 96 + 192 + 384 == 720


def test_losses_reach_every_parameter() -> None:
    net = hrnet()
    assert freeze_unused(net) == []
    x, target = torch.rand(2, 3, 40, 64), torch.randint(5, (2, 40, 64), generator=torch.Generator().manual_seed(0))
    net.eval()
    parts = net.training_loss(x, target, functional.cross_entropy)
    assert set(parts) == {"main", "auxiliary"}
    with torch.no_grad():
        assert torch.equal(parts["main"], functional.cross_entropy(net(x), target))
        normalised = functional.pad((x - net.mean) / net.std, (0, 0, 0, 24), mode="replicate")
        regions = net.net.head.outputs(net.net.backbone(normalised))[1]
        regions = functional.interpolate(regions, scale_factor=4, mode="bilinear")[..., :40, :]
    torch.testing.assert_close(parts["auxiliary"], 0.4 * functional.cross_entropy(regions, target))
    # The gradient of the regions flows back from the attention as well.
    parts["main"].backward()
    assert net.net.head.regions.conv_seg.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("prefix", ["", "module."])
def test_published_weights_fill_the_branches_and_no_more(tmp_path: Path, prefix: str) -> None:
    torch.manual_seed(9)
    state = timm.create_model(HRNET).state_dict()
    state = {key: torch.rand_like(value) if value.is_floating_point() else value for key, value in state.items()}
    torch.save({prefix + key: value for key, value in state.items()}, tmp_path / "w.pth")
    own = hrnet(weights=str(tmp_path / "w.pth")).net.backbone.model.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in own.items())
    left = {key.split(".")[0] for key in set(state) - set(own)}
    assert left == {"incre_modules", "downsamp_modules", "final_layer", "classifier"}
