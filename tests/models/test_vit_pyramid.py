"""Plain transformers under UPerNet: the pyramid's sizes, BEiT at any size, and every family of timm's."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import timm
import torch
from scipy.interpolate import RegularGridInterpolator
from torch.nn import functional

from trashseg.models.contract import freeze_unused
from trashseg.models.timm_net import DPTHead, PyramidUPerHead, SimpleFeaturePyramid, TimmNet
from trashseg.models.timm_net.beit import AnySizeBeit, resize_table
from trashseg.types import ConfigError

HEAD = functools.partial(PyramidUPerHead, channels=8, aux_channels=8)
SMALL = {"depth": 4, "embed_dim": 24, "num_heads": 2}
FAMILIES: dict[str, tuple[str, dict[str, Any], int]] = {
    "dinov2": ("vit_small_patch14_dinov2", {**SMALL, "img_size": 56}, 14),
    "dinov2_registers": ("vit_small_patch14_reg4_dinov2", {**SMALL, "img_size": 56}, 14),
    "dinov3": ("vit_small_patch16_dinov3", SMALL, 16),
    "eva02_14": ("eva02_tiny_patch14_336", {**SMALL, "img_size": 56}, 14),
    "eva02_16": ("eva02_base_patch16_clip_224", {**SMALL, "img_size": 64}, 16),
    "beit": ("beit_base_patch16_224", {**SMALL, "img_size": 64}, 16),
    "beitv2": ("beitv2_base_patch16_224", {**SMALL, "img_size": 64}, 16),
    "deit3": ("deit3_small_patch16_224", {**SMALL, "img_size": 64}, 16),
    "distilled": ("deit_tiny_distilled_patch16_224", {**SMALL, "img_size": 64}, 16),
}


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# --- the pyramid


@pytest.mark.parametrize("num_maps", [1, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 2), (5, 8), (7, 3)])
def test_sizes_and_channels(num_maps: int, height: int, width: int) -> None:
    pyramid = SimpleFeaturePyramid([16] * num_maps)
    assert pyramid.channels == (4, 8, 16, 16)
    levels = pyramid([torch.randn(2, 16, height, width) for _ in range(num_maps)])
    factors = (4, 2, 1)
    sizes = [(height * factor, width * factor) for factor in factors] + [(-(-height // 2), -(-width // 2))]
    assert [tuple(y.shape) for y in levels] == [
        (2, count, *size) for count, size in zip(pyramid.channels, sizes, strict=True)
    ]


def test_each_level_comes_from_its_own_map() -> None:
    pyramid = SimpleFeaturePyramid([8] * 4)
    maps = [torch.randn(1, 8, 4, 4, requires_grad=True) for _ in range(4)]
    for i, level in enumerate(pyramid(maps)):
        found = torch.autograd.grad(level.square().sum(), maps, allow_unused=True, retain_graph=True)
        assert [k for k, gradient in enumerate(found) if gradient is not None] == [i]


def test_large_channels_do_not_drown_the_others() -> None:
    """What DINOv2 does: the first norm works over the channels of a pixel."""
    pyramid = SimpleFeaturePyramid([8])
    x = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    for level, scaled in zip(pyramid([x]), pyramid([1000 * x]), strict=True):
        torch.testing.assert_close(level, scaled, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("channels", [[8, 8], [8] * 3, [6], [8] * 5, [8, 16, 32, 64]])
def test_maps_that_do_not_do(channels: list[int]) -> None:
    with pytest.raises(ConfigError, match=r"model\.num_maps=1 or 4"):
        SimpleFeaturePyramid(channels)


# --- whole networks


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_every_size(family: str) -> None:
    name, options, patch = FAMILIES[family]
    torch.manual_seed(0)
    net = TimmNet(name, HEAD, 5, options=options, pretrained=False)
    assert net.multiple == patch
    assert freeze_unused(net) == []
    net.eval()
    with torch.no_grad():
        for size in ((3 * patch + 1, 5 * patch - 3), (2 * patch, 7 * patch), (9, 11)):
            assert net(image(1, 3, *size)).shape == (1, 5, *size)
            first = net.net.backbone(image(1, 3, 3 * patch, 5 * patch))[0]
            assert first.shape == (1, 24, 3, 5)
    parts = net.training_loss(image(2, 3, 50, 40), torch.zeros(2, 50, 40, dtype=torch.int64), functional.cross_entropy)
    assert set(parts) == {"main", "auxiliary"}


@pytest.mark.parametrize("num_maps", [1, 4])
def test_auxiliary_loss_is_that_of_the_third_level(num_maps: int) -> None:
    net = TimmNet("test_vit", HEAD, 5, num_maps=num_maps, pretrained=False).eval()
    x, target = image(2, 3, 64, 48), torch.randint(5, (2, 64, 48), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        parts = net.training_loss(x, target, functional.cross_entropy)
        levels = net.net.head.pyramid(net.net.backbone((x - net.mean) / net.std))
        assert [y.shape[-1] for y in levels] == [12, 6, 3, 2]
        logits = net.net.head.auxiliary_head(levels)[1]
    enlarged = functional.interpolate(logits, (64, 48), mode="bilinear")
    torch.testing.assert_close(parts["auxiliary"], 0.4 * functional.cross_entropy(enlarged, target))
    assert torch.equal(parts["main"], functional.cross_entropy(net(x), target))


# --- DPT


def test_dpt_step_by_step() -> None:
    """Odd grids: a level's size decides, as twice that of the coarser one is too large."""
    torch.manual_seed(0)
    head = DPTHead([12] * 4, 5, 8, level_channels=(4, 4, 6, 6)).eval()
    maps = [torch.randn(2, 12, 3, 5) for _ in range(4)]
    levels = []
    for layers, x, size in zip(head.reassemble, maps, ((12, 20), (6, 10), (3, 5), (2, 3)), strict=True):
        normed = (x - x.mean(1, keepdim=True)) / (x.var(1, unbiased=False, keepdim=True) + layers[0].eps).sqrt()
        levels.append(layers[3](layers[2](layers[1](normed))))
        assert levels[-1].shape[-2:] == size

    def unit(part: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        _, first, norm1, _, second, norm2 = part.layers
        return x + norm2(second(norm1(first(x.relu())).relu()))

    x = levels[3]
    for i, level in ((2, levels[2]), (1, levels[1]), (0, levels[0])):
        leave, project = head.leave[i + 1]
        x = functional.interpolate(project(unit(leave, x)), level.shape[-2:], mode="bilinear")
        x = x + unit(head.enter[i], level)
    leave, project = head.leave[0]
    x = functional.interpolate(project(unit(leave, x)), scale_factor=2, mode="bilinear")
    expected = head.last(x)
    feature, logits = head(maps)
    assert feature.shape == (2, 8, 24, 40)
    assert logits.shape == (2, 5, 24, 40)
    torch.testing.assert_close(feature, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["dinov2", "beit", "dinov3"])
def test_dpt_takes_every_size(family: str) -> None:
    name, options, patch = FAMILIES[family]
    head = functools.partial(DPTHead, channels=8, level_channels=(4, 4, 4, 4))
    net = TimmNet(name, head, 5, options=options, pretrained=False).eval()
    assert freeze_unused(net) == []
    with torch.no_grad():
        for size in ((3 * patch + 1, 5 * patch - 3), (9, 11)):
            assert net(image(1, 3, *size)).shape == (1, 5, *size)


@pytest.mark.parametrize("channels", [[8], [8, 16, 32, 64]])
def test_dpt_needs_four_maps_of_a_plain_transformer(channels: list[int]) -> None:
    with pytest.raises(ConfigError, match=r"model\.num_maps=4"):
        DPTHead(channels, 5)


# --- BEiT


def beit(seed: int = 0, **options: Any) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = timm.create_model(
        "beit_base_patch16_224", features_only=True, out_indices=[3], **{**SMALL, "img_size": 64, **options}
    ).eval()
    for name, value in model.named_parameters():
        if "relative_position_bias_table" in name:
            torch.nn.init.normal_(value)
    return model


def test_beit_at_its_own_size_is_timms() -> None:
    theirs, ours = beit(), AnySizeBeit(beit())
    assert {f"extractor.{key}" for key in theirs.state_dict()} == set(ours.state_dict())
    x = image(2, 3, 64, 64)
    with torch.no_grad():
        # A visit to another size must leave nothing behind.
        ours(image(1, 3, 32, 96))
        assert torch.equal(ours(x)[0], theirs(x)[0])


def test_beit_at_another_size_has_the_resized_tables() -> None:
    """timm built for that size, with tables that scipy made."""
    ours, theirs = AnySizeBeit(beit()), beit(seed=1, img_size=(48, 96))
    state = beit().state_dict()
    for name, value in state.items():
        if "relative_position_bias_table" in name:
            state[name] = torch.from_numpy(resized(value.numpy(), 4, 3, 6)).float()
    theirs.load_state_dict(state)
    x = image(2, 3, 48, 96)
    with torch.no_grad():
        torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-4, atol=1e-4)
        assert not torch.allclose(beit(seed=1, img_size=(48, 96))(x)[0], theirs(x)[0], atol=1e-2)


def resized(table: np.ndarray, old: int, height: int, width: int) -> np.ndarray:
    """Bilinear between cell centres, edges held, in scipy; the last three rows stay."""
    side = 2 * old - 1
    grid = table[:-3].reshape(side, side, -1)
    axes = [(np.arange(count) + 0.5) / count * side - 0.5 for count in (2 * height - 1, 2 * width - 1)]
    points = np.stack(np.meshgrid(*(np.clip(axis, 0, side - 1) for axis in axes), indexing="ij"), -1)
    found = RegularGridInterpolator((np.arange(side), np.arange(side)), grid)(points)
    return np.concatenate([found.reshape(-1, table.shape[1]), table[-3:]])


def test_resized_tables_let_the_gradient_through_and_keep_the_middle() -> None:
    table = torch.randn(7 * 7 + 3, 2, requires_grad=True)
    small = resize_table(table, (4, 4), (1, 5))
    assert small.shape == (1 * 9 + 3, 2)
    # No offset at all stays no offset; the class token's rows stay.
    torch.testing.assert_close(small[4], table[24])
    assert torch.equal(small[-3:], table[-3:])
    small.sum().backward()
    assert table.grad is not None


def test_beit_trains_at_two_sizes_with_checkpointing() -> None:
    net = TimmNet("beit_base_patch16_224", HEAD, 5, options={**SMALL, "img_size": 64}, pretrained=False,
                  grad_checkpointing=True)  # fmt: skip
    for size in ((64, 64), (32, 80)):
        net.zero_grad()
        net.training_loss(image(2, 3, *size), torch.zeros(2, *size, dtype=torch.int64), functional.cross_entropy)[
            "main"
        ].backward()
        tables = [value.grad for name, value in net.named_parameters() if "relative_position_bias_table" in name]
        assert len(tables) == 4
        assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in tables)
