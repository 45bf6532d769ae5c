"""Any architecture over any encoder: sizes, options, normalisation and memory by rule, and clear words where not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from trashseg.models.smp import SMPNet, statistics
from trashseg.models.smp_check import checked_fit, taken
from trashseg.models.smp_fit import ARCHITECTURES, find_fit
from trashseg.types import ConfigError

TINY_SWIN = {"embed_dim": 24, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 3, 4]}
TINY_VIT = {"embed_dim": 32, "num_heads": 2}
TINY_DPT = {"decoder_intermediate_channels": [16, 16, 16, 16], "decoder_fusion_channels": 16}
TINY_UNET = {"decoder_channels": [16, 8, 8, 8, 8]}

# (architecture, encoder, options, what sides are multiples of; None: any side, resized inside)
PAIRS: list[tuple[str, str, dict[str, Any], int | None]] = [
    ("Unet", "tu-test_resnet", TINY_UNET, 32),
    ("UnetPlusPlus", "tu-test_byobnet", TINY_UNET, 32),
    ("MAnet", "tu-test_resnet", {**TINY_UNET, "decoder_pab_channels": 8}, 32),
    ("Linknet", "mobilenet_v2", {}, 32),
    ("FPN", "tu-test_efficientnet", {}, 32),
    ("PSPNet", "tu-test_resnet", {"psp_out_channels": 16}, 8),
    ("DeepLabV3", "tu-test_resnet", {"decoder_channels": 16}, 8),
    ("DeepLabV3", "tu-test_resnet", {"decoder_channels": 16, "encoder_output_stride": 16}, 16),
    ("DeepLabV3Plus", "tu-test_efficientnet", {"decoder_channels": 16}, 16),
    ("PAN", "tu-test_resnet", {}, 16),
    ("PAN", "tu-swin_tiny_patch4_window7_224", {**TINY_SWIN, "encoder_output_stride": 32}, 32),
    ("UPerNet", "tu-swinv2_tiny_window8_256", {**TINY_SWIN, "decoder_channels": 16}, 32),
    ("UPerNet", "tu-test_convnext", {"decoder_channels": 16}, 32),
    ("Segformer", "mit_b0", {"decoder_segmentation_channels": 16}, 32),
    ("DPT", "tu-vit_tiny_patch16_224", {**TINY_VIT, **TINY_DPT}, 32),
    ("DPT", "tu-vit_base_patch16_siglip_224", {**TINY_VIT, **TINY_DPT}, 32),
    ("Unet", "tu-test_maxvit", TINY_UNET, 160),
    ("Unet", "tu-test_coatnet", {**TINY_UNET, "img_size": 64}, None),
    ("DPT", "tu-beit_base_patch16_224", {**TINY_VIT, **TINY_DPT, "img_size": 64}, None),
]


@pytest.mark.parametrize(("arch", "encoder", "options", "multiple"), PAIRS, ids=[f"{a}-{e}" for a, e, *_ in PAIRS])
def test_a_pair_takes_any_size(arch: str, encoder: str, options: dict[str, Any], multiple: int | None) -> None:
    torch.manual_seed(0)
    net = SMPNet(arch, encoder, 3, pretrained=False, options=options).eval()
    assert net.multiple == (multiple or 1)
    assert (net.fit.fixed is None) == (multiple is not None)
    with torch.no_grad():
        for height, width in ((1, 1), (33, 50), (97, 64)):
            logits = net(torch.rand(2, 3, height, width))
            assert logits.shape == (2, 3, height, width)
            assert torch.isfinite(logits).all()
        assert not torch.equal(net(torch.zeros(1, 3, 64, 64)), net(torch.ones(1, 3, 64, 64)))


def test_every_architecture_is_tried() -> None:
    assert {arch for arch, *_ in PAIRS} == set(ARCHITECTURES)
    known = {name for name in dir(smp) if isinstance(getattr(smp, name), type) and name[0].isupper()}
    assert set(ARCHITECTURES) <= known


def test_no_smaller_multiple_would_do() -> None:
    """The rule against the network itself, at real sizes with real memory."""
    for arch, encoder, options, multiple in PAIRS:
        if (arch, encoder) in (("DeepLabV3", "tu-test_resnet"), ("PAN", "tu-test_resnet"), ("Unet", "tu-test_maxvit")):
            fit = checked_fit(arch, encoder, options, None)
            net = ARCHITECTURES[arch](encoder_name=encoder, encoder_weights=None, **fit.options).eval()
            assert multiple is not None
            side = 128 + -128 % multiple
            assert net(torch.rand(1, 3, side, side + multiple)).shape[-2:] == (side, side + multiple)
            with pytest.raises((RuntimeError, AssertionError)):
                net(torch.rand(1, 3, side, side + multiple // 2))


def test_finding_out_neither_builds_nor_draws() -> None:
    state = torch.get_rng_state()
    fit = find_fit("UPerNet", "tu-swin_tiny_patch4_window7_224", {})
    assert torch.equal(torch.get_rng_state(), state)
    assert fit.options == {"img_size": 512, "strict_img_size": False}
    assert (fit.multiple, fit.smallest, fit.fixed) == (32, 32, None)
    larger = find_fit("UPerNet", "tu-swin_tiny_patch4_window7_224", {"img_size": 768})
    assert larger.options == {"img_size": 768, "strict_img_size": False}


def test_small_images_are_completed_by_their_border() -> None:
    torch.manual_seed(0)
    net = SMPNet("PAN", "tu-test_resnet", 3, pretrained=False).eval()
    assert (net.multiple, net.fit.smallest) == (16, 128)
    image = torch.rand(1, 3, 40, 56)
    whole = nn.functional.pad(image, (0, 72, 0, 88), mode="replicate")
    with torch.no_grad():
        torch.testing.assert_close(net(image), net(whole)[..., :40, :56])


def test_one_size_only_is_reached_by_resizing() -> None:
    torch.manual_seed(0)
    net = SMPNet("Unet", "tu-test_coatnet", 3, pretrained=False, options={**TINY_UNET, "img_size": 64}).eval()
    image = torch.rand(1, 3, 80, 48)
    x = nn.functional.interpolate((image - net.mean) / net.std, (64, 64), mode="bilinear", antialias=True)
    with torch.no_grad():
        expected = nn.functional.interpolate(net.net(x), (80, 48), mode="bilinear")
        torch.testing.assert_close(net(image), expected)


# --- weights at another size than they were trained at


@pytest.mark.parametrize(
    ("arch", "encoder", "options"),
    [
        ("UPerNet", "tu-swin_tiny_patch4_window7_224", {**TINY_SWIN, "decoder_channels": 16}),
        ("DPT", "tu-beit_base_patch16_224", {**TINY_VIT, **TINY_DPT, "img_size": 64}),
        ("Unet", "tu-test_coatnet", {**TINY_UNET, "img_size": 96}),
    ],
)
def test_weights_fit_another_size(tmp_path: Path, arch: str, encoder: str, options: dict[str, Any]) -> None:
    of_timm = {key: value for key, value in options.items() if key not in taken(arch) and key != "img_size"}
    torch.manual_seed(5)
    source = timm.create_model(encoder.removeprefix("tu-"), **of_timm)
    state = {key: torch.randn_like(value) if value.is_floating_point() else value
             for key, value in source.state_dict().items()}  # fmt: skip
    save_file(state, tmp_path / "w.safetensors")
    net = SMPNet(arch, encoder, 3, weights=str(tmp_path / "w.safetensors"), options=options)
    own = {key.replace("layers_", "layers.").replace("stages_", "stages."): value
           for key, value in net.net.encoder.model.state_dict().items()}  # fmt: skip
    same = {key for key, value in own.items() if key in state and torch.equal(value, state[key])}
    tables = ("pos_embed", "relative_position", "rel_pos", "attn_mask")
    assert len(same) > 30
    assert [key for key in own if key not in same and not any(table in key for table in tables)] == []


# --- normalisation


def test_native_encoders_are_normalised_as_their_weights_were() -> None:
    # The same weights, or the same family's, as timm has them.
    for native, twin in {
        "resnet34": "resnet34.tv_in1k", "inceptionv4": "inception_v4.tf_in1k", "dpn68": "dpn68.mx_in1k",
        "inceptionresnetv2": "inception_resnet_v2.tf_in1k", "xception": "legacy_xception.tf_in1k",
        "timm-tf_efficientnet_lite0": "tf_efficientnet_lite0.in1k", "vgg16_bn": "vgg16_bn.tv_in1k",
        "timm-efficientnet-b0": "tf_efficientnet_b0.aa_in1k", "densenet121": "densenet121.tv_in1k",
    }.items():  # fmt: skip
        config = timm.get_pretrained_cfg(twin)
        mean, std = statistics(native)
        assert list(mean) == pytest.approx(list(config.mean)), native
        assert list(std) == pytest.approx(list(config.std)), native


def test_every_native_encoder_wants_rgb_in_the_unit_range() -> None:
    for name, entry in smp.encoders.encoders.items():
        for settings in entry["pretrained_settings"].values():
            assert settings.get("input_space", "RGB") == "RGB", name
            assert list(settings.get("input_range", [0, 1])) == [0, 1], name


def test_given_statistics_win() -> None:
    net = SMPNet("Unet", "tu-test_resnet", 3, pretrained=False, options=TINY_UNET, mean=[0.1, 0.2, 0.3], std=[1, 2, 3])
    assert net.mean.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert net.std.flatten().tolist() == [1, 2, 3]


# --- gradient checkpointing


def forward_counts(net: SMPNet) -> Counter[str]:
    calls: Counter[str] = Counter()
    for name, module in net.net.encoder.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
    return calls


@pytest.mark.parametrize(
    ("arch", "encoder", "options", "share"),
    [
        ("Unet", "tu-test_resnet", TINY_UNET, 0.5),  # wrapped: all stages but the last
        ("Unet", "tu-test_efficientnet", TINY_UNET, 0.9),  # an extractor of its own
        ("Unet", "tu-test_convnext", TINY_UNET, 0.8),  # stages with blocks
        ("DPT", "tu-test_vit", TINY_DPT, 0.9),  # the whole model
    ],
)
def test_blocks_are_computed_again(arch: str, encoder: str, options: dict[str, Any], share: float) -> None:
    image = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    gradients, outputs = [], []
    for grad_checkpointing in (False, True):
        torch.manual_seed(0)
        net = SMPNet(arch, encoder, 3, pretrained=False, options=options, grad_checkpointing=grad_checkpointing)
        calls = forward_counts(net.train())
        torch.manual_seed(1)  # drop path
        logits = net(image)
        logits.square().mean().backward()
        again = sum(count == 2 for count in calls.values()) / len(calls)
        assert again >= share if grad_checkpointing else again == 0
        outputs.append(logits.detach())
        gradients.append({name: value.grad for name, value in net.named_parameters() if value.grad is not None})
    torch.testing.assert_close(outputs[1], outputs[0])
    torch.testing.assert_close(gradients[1], gradients[0])


@pytest.mark.parametrize(("encoder", "words"), [("resnet18", "encoder of timm"), ("tu-hrnet_w18_small", "support it")])
def test_encoders_that_keep_everything_say_so(encoder: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SMPNet("FPN", encoder, 3, pretrained=False, grad_checkpointing=True)


# --- what cannot be

MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"arch": "unet"}, ["model.arch=unet", "Did you mean Unet?"]),
    ({"arch": "DeepLabV4"}, ["Did you mean DeepLabV3"]),
    ({"encoder_name": "tu-test_resnet.r160_in2k"}, ["r160_in2k", "Did you mean r160_in1k?"]),
    ({"encoder_name": "timm-regnety_016"}, ["Did you mean tu-regnety_016?"]),
    ({"encoder_name": "timm-regnety_01"}, ["does not exist"]),
    ({"arch": "DeepLabV3Plus", "encoder_name": "xception"}, ["dilated", "model.encoder_name=tu-xception"]),
    ({"arch": "DeepLabV3Plus", "encoder_name": "tu-vgg11"}, ["dilated", "model.arch=UPerNet"]),
    ({"arch": "PAN", "encoder_name": "tu-test_mambaout"}, ["+model.options.encoder_output_stride=32"]),
    ({"encoder_name": "tu-test_vit"}, ["pyramid", "what works: model.arch=DPT."]),
    ({"arch": "DPT", "encoder_name": "resnet18"}, ["tu-", "model.arch=UPerNet", "model.encoder_name=tu-resnet18"]),
    ({"arch": "DPT", "encoder_name": "tu-vit_small_patch14_dinov2"}, ["no sizes", "model.backbone=vit_small_patch14"]),
    ({"arch": "Linknet", "encoder_name": "mit_b0"}, ["what works: model.arch=UPerNet"]),
    ({"options": {"decoder_chanels": 3}}, ["decoder_chanels", "Did you mean decoder_channels?", "encoder_depth"]),
    ({"encoder_name": "resnet18", "options": {"drop_path_rate": 0.1}}, ["drop_path_rate", "Unet takes encoder_depth"]),
    ({"options": {"decoder_channels": [3]}}, ["model.options", "decoder_channels=[3]"]),
    ({"multiple": 24, "arch": "FPN"}, ["model.multiple=24", "multiple of 32"]),
]


@pytest.mark.parametrize(("change", "words"), MISTAKES, ids=[str(change)[:60] for change, _ in MISTAKES])
def test_a_mistake_is_one_line(change: dict[str, Any], words: list[str]) -> None:
    arguments = {"arch": "Unet", "encoder_name": "tu-test_resnet", **change}
    with pytest.raises(ConfigError) as caught:
        SMPNet(num_classes=3, **arguments)  # refused before any weights are looked for
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_larger_multiple_is_kept() -> None:
    assert SMPNet("FPN", "tu-test_resnet", 3, pretrained=False, multiple=64).multiple == 64
