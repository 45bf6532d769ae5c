"""K-Net's parts against other implementations: dense attention, plain loops in numpy, timm's networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import timm.models.resnet as timm_resnet
import timm.models.swin_transformer as timm_swin
import torch
from torch import nn
from torch.nn import functional

from trashseg.models.knet import KernelUpdateHead, ResNetV1c, Swin, UPerHead
from trashseg.models.knet.window import ShiftedWindowAttention, shift_mask

Array = npt.NDArray[np.float64]


def randomise(module: nn.Module, seed: int, scale: float = 0.3) -> None:
    """Fill every parameter and running statistic with seeded values that none of them starts from."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator, dtype=value.dtype) * scale
            value.copy_(1 + noise.abs() if "running_var" in name or (value.ndim == 1 and "weight" in name) else noise)


def dense_shifted_attention(attention: ShiftedWindowAttention, x: torch.Tensor) -> torch.Tensor:
    """Attend over the whole map (H, W, C) at once, to the pixels of the own window alone.

    A window of the map that was rolled by s is, before the roll, the pixels with one floor((position - s) / w);
    what the roll joins beyond that is masked away. The map counts as completed with zeros to whole windows.
    """
    own, size, shift = attention.w_msa, attention.window_size, attention.shift
    height, width, channels = x.shape
    x = functional.pad(x, (0, 0, 0, -width % size, 0, -height % size))
    rows, columns = x.shape[:2]
    y, z = (grid.flatten() for grid in torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"))
    down, right = y[:, None] - y, z[:, None] - z
    group_y, group_z = (y - shift).div(size, rounding_mode="floor"), (z - shift).div(size, rounding_mode="floor")
    same = (group_y[:, None] == group_y) & (group_z[:, None] == group_z)
    table = own.relative_position_bias_table.view(2 * size - 1, 2 * size - 1, -1)
    bias = table[(down + size - 1).clamp(0, 2 * size - 2), (right + size - 1).clamp(0, 2 * size - 2)]
    tokens = x.reshape(rows * columns, channels)
    query, key, value = (part.view(len(tokens), own.num_heads, -1) for part in own.qkv(tokens).chunk(3, -1))
    scores = torch.einsum("ihd,jhd->ijh", query, key) / query.shape[-1] ** 0.5 + bias
    weights = scores.masked_fill(~same[..., None], -torch.inf).softmax(1)
    attended = torch.einsum("ijh,jhd->ihd", weights, value).reshape(len(tokens), channels)
    return own.proj(attended).view(rows, columns, channels)[:height, :width]


@pytest.mark.parametrize("size", [(8, 8), (6, 7), (4, 4), (3, 9), (1, 1), (11, 4)])
@pytest.mark.parametrize("shift", [0, 2])
def test_shifted_windows_equal_dense_attention(size: tuple[int, int], shift: int) -> None:
    attention = ShiftedWindowAttention(6, 2, 4, shift).double()
    randomise(attention, seed=7)
    x = torch.randn(2, *size, 6, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    with torch.no_grad():
        mask = shift_mask(*size, 4, 2, x)
        got = attention(x, mask)
        for image, wanted in zip(got, x, strict=True):
            torch.testing.assert_close(image, dense_shifted_attention(attention, wanted), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("late", [False, True], ids=["timm", "microsoft"])
def test_swin_equals_timms_where_no_map_needs_padding(late: bool) -> None:
    theirs = timm_swin.SwinTransformer(
        img_size=128, window_size=4, embed_dim=8, depths=(1, 2, 3, 2), num_heads=(1, 2, 2, 4), num_classes=5,
        always_partition=True, norm_layer=nn.LayerNorm,
    ).eval()  # fmt: skip
    randomise(theirs, seed=9)
    state = theirs.state_dict()
    if late:  # Microsoft's files have the step to half the size at the end of the stage before
        for name in [name for name in state if ".downsample." in name]:
            stage = int(name.split(".")[1])
            state[name.replace(f"layers.{stage}.", f"layers.{stage - 1}.", 1)] = state.pop(name)
    ours = Swin(8, [1, 2, 3, 2], [1, 2, 2, 4], window_size=4).eval()
    converted = ours.convert(state)
    missing = {name for name in ours.state_dict() if name not in converted}
    assert missing == {name for name in missing if name.endswith("relative_position_index")}
    assert not ours.load_state_dict(converted, strict=False).unexpected_keys
    image = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(10))
    with torch.no_grad():
        x = theirs.patch_embed(image)
        for layer, got in zip(theirs.layers, ours(image), strict=True):
            x = layer(x)
            wanted = functional.layer_norm(x, x.shape[-1:]).permute(0, 3, 1, 2)
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=2e-5)


def test_bias_tables_of_another_window_are_resized() -> None:
    small, large = (
        Swin(8, [1, 1, 1, 1], [1, 1, 1, 1], window_size=4),
        Swin(8, [1, 1, 1, 1], [1, 1, 1, 1], window_size=7),
    )
    name = "stages.0.blocks.0.attn.w_msa.relative_position_bias_table"
    # A table that rises evenly downwards stays even, and keeps its middle, under any sound resizing.
    small.get_parameter(name).data = torch.arange(7.0).repeat_interleave(7)[:, None]
    table = large.convert(small.state_dict())[name].view(13, 13)
    assert table[6, 6] == pytest.approx(3.0)
    torch.testing.assert_close(table, table[:, :1].expand(13, 13))
    assert (table[1:, 0] > table[:-1, 0]).all()


@pytest.mark.parametrize(("depth", "dilated"), [(18, False), (50, True)])
def test_resnet_equals_timms(depth: int, dilated: bool) -> None:
    block = timm_resnet.Bottleneck if depth == 50 else timm_resnet.BasicBlock
    counts = (3, 4, 6, 3) if depth == 50 else (2, 2, 2, 2)
    theirs = timm_resnet.ResNet(block, counts, stem_width=32, stem_type="deep", output_stride=8 if dilated else 32)
    randomise(theirs.eval(), seed=11, scale=0.02)
    strides, dilations = ((1, 2, 1, 1), (1, 1, 2, 4)) if dilated else ((1, 2, 2, 2), (1, 1, 1, 1))
    ours = ResNetV1c(depth, strides=strides, dilations=dilations).eval()
    ours.load_state_dict(ours.convert(theirs.state_dict()))
    image = torch.randn(1, 3, 70, 65, generator=torch.Generator().manual_seed(12))
    with torch.no_grad():
        x = theirs.maxpool(theirs.act1(theirs.bn1(theirs.conv1(image))))
        for i, got in enumerate(ours(image)):
            x = theirs.get_submodule(f"layer{i + 1}")(x)
            torch.testing.assert_close(got, x)


def plain_stage(head: KernelUpdateHead, feature: Array, kernels: Array, logits: Array) -> tuple[Array, Array]:
    """One stage for one image in float64 loops: feature (C, P), kernels (K, C), logits (K, P)."""
    weights = {name: value.numpy() for name, value in head.state_dict().items()}

    def linear(name: str, x: Array) -> Array:
        matrix = weights[f"{name}.weight"]
        return x @ matrix.reshape(len(matrix), -1).T + weights.get(f"{name}.bias", 0.0)

    def norm(name: str, x: Array) -> Array:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def sigmoid(x: Array) -> Array:
        return 1 / (1 + np.exp(-x))

    x = linear("feat_transform.conv", feature.T)  # (P, C)
    probs = np.exp(logits) / np.exp(logits).sum(0)
    width, up = head.kernel_update_conv.channels, "kernel_update_conv."
    new = np.zeros_like(kernels)
    for k in range(len(kernels)):
        gathered = sum(probs[k, p] * x[p] for p in range(len(x)))
        for start in range(0, kernels.shape[1], width):
            piece = slice(start, start + width)
            f = linear(f"{up}dynamic_layer", gathered[piece])
            g = linear(f"{up}input_layer", kernels[k, piece])
            gate = g[:width] * f[:width]
            keep = sigmoid(norm(f"{up}input_norm_in", linear(f"{up}input_gate", gate)))
            take = sigmoid(norm(f"{up}norm_in", linear(f"{up}update_gate", gate)))
            mixed = take * norm(f"{up}norm_out", f[width:]) + keep * norm(f"{up}input_norm_out", g[width:])
            new[k, piece] = np.maximum(norm(f"{up}fc_norm", linear(f"{up}fc_layer", mixed)), 0)
    new = norm("attention_norm", new + plain_attention(weights, new, head.attention["attn"].num_heads))
    new = norm("ffn_norm", new + linear("ffn.layers.1", np.maximum(linear("ffn.layers.0.0", new), 0)))
    drawn = linear("fc_mask", np.maximum(norm("mask_fcs.1", linear("mask_fcs.0", new)), 0))
    return drawn @ x.T, new


def plain_attention(weights: dict[str, Array], x: Array, num_heads: int) -> Array:
    """Attention between the rows of x (K, C), head by head."""
    projected = x @ weights["attention.attn.in_proj_weight"].T + weights["attention.attn.in_proj_bias"]
    query, key, value = np.split(projected, 3, -1)
    width = x.shape[1] // num_heads
    out = np.zeros_like(x)
    for h in range(num_heads):
        own = slice(h * width, (h + 1) * width)
        scores = np.exp(query[:, own] @ key[:, own].T / np.sqrt(width))
        out[:, own] = scores / scores.sum(-1, keepdims=True) @ value[:, own]
    return out @ weights["attention.attn.out_proj.weight"].T + weights["attention.attn.out_proj.bias"]


def test_stage_equals_plain_loops() -> None:
    head = KernelUpdateHead(12, num_heads=3, ffn_channels=10, updator_channels=4).double()
    randomise(head, seed=13)
    generator = np.random.default_rng(14)
    feature, kernels = generator.normal(size=(2, 12, 5, 3)), generator.normal(size=(2, 4, 12))
    logits = generator.normal(size=(2, 4, 5, 3))
    with torch.no_grad():
        got_logits, got_kernels = head(*(torch.from_numpy(value) for value in (feature, kernels, logits)))
    for i in range(2):
        drawn, new = plain_stage(head, feature[i].reshape(12, -1), kernels[i], logits[i].reshape(4, -1))
        np.testing.assert_allclose(got_kernels[i].numpy(), new, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got_logits[i].numpy().reshape(4, -1), drawn, rtol=1e-9, atol=1e-9)


def test_half_precision_does_not_overflow_the_gathered_sums() -> None:
    head = KernelUpdateHead(8, num_heads=2, ffn_channels=8, updator_channels=4)
    feature = torch.full((1, 8, 64, 64), 300.0)
    with torch.no_grad(), torch.autocast("cpu", torch.float16):
        x = head.feat_transform(feature)
        assert float(x.float().sum((2, 3)).abs().max()) / 2 > 65504
        logits, kernels = head(feature, torch.randn(1, 2, 8), torch.zeros(1, 2, 64, 64))
    assert kernels.isfinite().all()
    assert logits.isfinite().all()


@pytest.mark.parametrize(
    ("build", "name", "std"),
    [
        (lambda: UPerHead([32, 64, 128, 256], 11, 128), "conv_seg.weight", 0.01),
        (lambda: UPerHead([32, 64, 128, 256], 11, 128), "fpn_convs.0.conv.weight", (2 / (128 * 9)) ** 0.5),
        (lambda: KernelUpdateHead(256), "feat_transform.conv.weight", (2 / 256) ** 0.5),
        (lambda: KernelUpdateHead(256), "ffn.layers.0.0.weight", (1 / (3 * 256)) ** 0.5),
        (lambda: KernelUpdateHead(256), "attention.attn.in_proj_weight", (2 / (256 + 768)) ** 0.5),
        (lambda: Swin(96, [1, 1, 1, 1], [3, 3, 3, 3]), "stages.1.blocks.0.attn.w_msa.qkv.weight", 0.02),
        (lambda: Swin(96, [1, 1, 1, 1], [3, 3, 3, 3]), "stages.0.blocks.0.attn.w_msa.relative_position_bias_table", 0),
        (lambda: ResNetV1c(18), "layer2.0.conv1.weight", (2 / (128 * 9)) ** 0.5),
        (lambda: ResNetV1c(18), "layer2.0.bn2.weight", 0),
    ],
)
def test_initial_values_spread_as_published(build: Callable[[], nn.Module], name: str, std: float) -> None:
    torch.manual_seed(15)
    value = build().get_parameter(name).detach()
    assert float(value.std()) == pytest.approx(std, rel=0.03, abs=1e-9)
    assert float(value.mean()) == pytest.approx(0.0, abs=0.05 * std + 1e-9)


def test_stochastic_depth_rises_evenly() -> None:
    swin = Swin(8, [1, 2, 2, 1], [1, 1, 1, 1], drop_path_rate=0.5)
    rates = [block.drop_path.drop_prob for stage in swin.stages for block in stage.blocks]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [block.ffn.drop.drop_prob for stage in swin.stages for block in stage.blocks] == rates
