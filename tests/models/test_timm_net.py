"""Any timm backbone under a head: the right maps, the right weights, and a clear word where a pair does not work."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch.nn import functional

from trashseg.build import build_net
from trashseg.models import lite0
from trashseg.models.contract import freeze_unused
from trashseg.models.knet import UPerHead
from trashseg.models.timm_net import LightHead, OCRHead, TimmBackbone, TimmNet
from trashseg.types import ConfigError, WeightsError

LIGHT = functools.partial(LightHead, channels=8)
SWIN = {"embed_dim": 12, "depths": (1, 1, 2, 1), "num_heads": (1, 2, 4, 8)}
BEIT = {"embed_dim": 16, "depth": 4, "num_heads": 2, "img_size": 64}


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def tiny(backbone: str = "test_resnet", **settings: Any) -> TimmNet:
    return TimmNet(backbone, LIGHT, 5, **{"pretrained": False, **settings})


def published(name: str, path: Path, **options: Any) -> dict[str, torch.Tensor]:
    """Write weights as timm publishes them, with a classifier, but random ones."""
    torch.manual_seed(99)
    state = timm.create_model(name, **options).state_dict()
    state = {key: torch.rand_like(value) if value.is_floating_point() else value for key, value in state.items()}
    torch.save(state, path)
    return state


# --- maps


@pytest.mark.parametrize(
    ("name", "options", "multiple", "strides", "channels"),
    [
        ("test_resnet", {}, 32, (4, 8, 16, 32), (32, 48, 192, 96)),
        ("test_convnext", {}, 32, (4, 8, 16, 32), (24, 32, 48, 64)),
        ("test_efficientnet", {}, 32, (4, 8, 16, 32), (24, 32, 48, 64)),
        ("test_vit", {}, 16, (16,) * 4, (64,) * 4),
        ("swin_tiny_patch4_window7_224", SWIN, 32, (4, 8, 16, 32), (12, 24, 48, 96)),
        ("beit_base_patch16_224", BEIT, 16, (16,) * 4, (16,) * 4),
        # Its windows do not adapt.
        ("test_maxvit", {}, 160, (4, 8, 16, 32), (32, 64, 96, 128)),
    ],
)
def test_any_backbone_takes_any_size(
    name: str, options: dict[str, Any], multiple: int, strides: tuple[int, ...], channels: tuple[int, ...]
) -> None:
    net = tiny(name, options=options).eval()
    assert (net.multiple, net.net.backbone.strides, net.net.backbone.channels) == (multiple, strides, channels)
    with torch.no_grad():
        for size in ((33, 70), (96, 64)):
            assert net(image(1, 3, *size)).shape == (1, 5, *size)
        maps = net.net.backbone(image(1, 3, multiple, 2 * multiple))
    assert [tuple(y.shape) for y in maps] == [
        (1, count, multiple // stride, 2 * multiple // stride) for count, stride in zip(channels, strides, strict=True)
    ]


@pytest.mark.parametrize(
    ("settings", "strides"),
    [({"num_maps": 2}, (16, 32)), ({"min_stride": 8}, (8, 16, 32)), ({"min_stride": 2}, (2, 4, 8, 16, 32)),
     ({"num_maps": 1, "min_stride": 64}, (32,))],
)  # fmt: skip
def test_which_maps_of_a_pyramid(settings: dict[str, int], strides: tuple[int, ...]) -> None:
    assert TimmBackbone("test_resnet", **settings).strides == strides


@pytest.mark.parametrize(("num_maps", "blocks"), [(None, [0, 2, 3, 5]), (1, [5]), (2, [2, 5]), (6, [0, 1, 2, 3, 4, 5])])
def test_which_blocks_of_a_plain_transformer(num_maps: int | None, blocks: list[int]) -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_vit", num_maps=num_maps).eval()
    torch.manual_seed(0)
    # Two by three patches, resized positions: what timm's own interface gives for those blocks.
    reference = timm.create_model("test_vit").eval()
    reference.load_state_dict(backbone.model.model.state_dict(), strict=False)
    x = image(1, 3, 32, 48)
    with torch.no_grad():
        expected = reference.forward_intermediates(x, indices=blocks, intermediates_only=True)
        for ours, theirs in zip(backbone(x), expected, strict=True):
            assert torch.equal(ours, theirs)


# --- the light head


def test_light_head_is_segformers_with_its_two_linear_layers_multiplied() -> None:
    torch.manual_seed(1)
    channels, width, shapes = (3, 5, 7), 6, ((8, 12), (4, 6), (2, 3))
    maps = [torch.randn(2, count, *shape) for count, shape in zip(channels, shapes, strict=True)]
    project = [torch.randn(width, count) for count in channels]
    fuse = torch.randn(width, len(channels) * width)
    enlarged = [
        functional.interpolate(torch.einsum("dc,nchw->ndhw", weight, x), shapes[0], mode="bilinear")
        for weight, x in zip(project, maps, strict=True)
    ]
    expected = torch.einsum("dc,nchw->ndhw", fuse, torch.cat(enlarged, 1)).relu()
    head = LightHead(channels, 4, width).eval()
    for i, layer in enumerate(head.projections):
        layer.weight.data = (fuse[:, i * width : (i + 1) * width] @ project[i])[..., None, None]
    feature, logits = head(maps)
    # Fresh running statistics: the norm divides by the root of 1 + eps.
    torch.testing.assert_close(feature * (1 + head.norm[0].eps) ** 0.5, expected, rtol=1e-4, atol=1e-4)
    assert logits.shape == (2, 4, 8, 12)


def test_heads_of_knet_fit_as_well() -> None:
    net = TimmNet("test_convnext", functools.partial(UPerHead, channels=8), 5, pretrained=False)
    assert freeze_unused(net) == []
    parts = net.training_loss(image(2, 3, 40, 64), torch.zeros(2, 40, 64, dtype=torch.int64), functional.cross_entropy)
    assert list(parts) == ["main"]
    with pytest.raises(ConfigError, match=r"data\.batch_size=1 is too few"):
        net.training_loss(image(1, 3, 32, 32), torch.zeros(1, 32, 32, dtype=torch.int64), functional.cross_entropy)


def test_training_loss_is_the_pixel_loss_of_the_logits() -> None:
    net = tiny("test_vit").eval()
    x, target = image(2, 3, 37, 50), torch.randint(5, (2, 37, 50), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        parts = net.training_loss(x, target, functional.cross_entropy)
        assert torch.equal(parts["main"], functional.cross_entropy(net(x), target))


# --- weights


@pytest.mark.parametrize(
    ("name", "options"),
    [("test_resnet", {}), ("test_convnext", {}), ("test_efficientnet", {}), ("test_vit", {}),
     ("beit_base_patch16_224", BEIT), ("swin_tiny_patch4_window7_224", SWIN)],
)  # fmt: skip
def test_features_are_those_of_timm_bit_for_bit(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    state = published(name, tmp_path / "w.pth", **options)
    net = tiny(name, weights=str(tmp_path / "w.pth"), options=options).eval()
    indices = {"out_indices": [0, 1, 2, 3]} if name.startswith("beit") else {}
    indices = {"out_indices": [0, 2, 3, 5]} if name == "test_vit" else indices
    # timm itself, without our way of loading.
    reference = timm.create_model(name, features_only=True, **options, **indices).eval()
    renamed = state
    if hasattr(reference, "model"):
        renamed = {f"model.{key}": value for key, value in state.items()}
    elif name != "test_efficientnet":
        renamed = {flat(key, reference.state_dict()): value for key, value in state.items()}
    assert reference.load_state_dict(renamed, strict=False).missing_keys == []
    size = (64, 64) if name.startswith("beit") else (224, 224) if name.startswith("swin") else (64, 96)
    x = image(2, 3, *size)
    with torch.no_grad():
        theirs = reference(x)
        ours = net.net.backbone(x)
    for left, right in zip(ours, theirs[-4:], strict=True):
        assert torch.equal(left, right if left.shape == right.shape else right.permute(0, 3, 1, 2))


def flat(key: str, own: dict[str, torch.Tensor]) -> str:
    """timm's extractors join the first two levels of names."""
    return key if key in own else key.replace(".", "_", 1)


def test_nothing_of_the_weights_is_kept_twice(tmp_path: Path) -> None:
    published("test_vit", tmp_path / "w.pth")
    net = tiny("test_vit", weights=str(tmp_path / "w.pth"))
    settings = [part.pretrained_cfg for part in net.modules() if hasattr(part, "pretrained_cfg")]
    assert settings
    assert all("state_dict" not in config for config in settings)


@pytest.mark.parametrize(
    ("name", "options"),
    [("test_resnet", {}), ("test_vit", {}), ("test_convnext", {}), ("beit_base_patch16_224", BEIT),
     ("swin_tiny_patch4_window7_224", SWIN), ("hrnet_w18_small", {"feature_location": ""}),
     ("eva02_tiny_patch14_224", {"depth": 4})],
)  # fmt: skip
def test_a_wrong_file_is_refused(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    torch.save({"some.weight": torch.ones(3)}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="does not fit") as caught:
        tiny(name, weights=str(tmp_path / "w.pth"), options=options)
    assert "\n" not in str(caught.value)


def test_missing_and_misshapen_tensors_are_named(tmp_path: Path) -> None:
    state = published("test_resnet", tmp_path / "w.pth")
    short = {key: value for key, value in state.items() if key != "layer3.0.bn1.running_var"}
    torch.save(short, tmp_path / "short.pth")
    with pytest.raises(WeightsError, match=r"layer3\.0\.bn1\.running_var: missing \(1 of"):
        tiny(weights=str(tmp_path / "short.pth"))
    torch.save({**state, "layer2.0.bn1.weight": torch.ones(7)}, tmp_path / "shape.pth")
    with pytest.raises(WeightsError, match=r"does not fit.*layer2\.0\.bn1\.weight.*7"):
        tiny(weights=str(tmp_path / "shape.pth"))


def test_weights_of_a_trained_network_with_other_classes(tmp_path: Path) -> None:
    head = functools.partial(OCRHead, channels=8, key_channels=4)
    before = TimmNet("test_resnet", head, 7, pretrained=False)
    torch.save({"state_dict": {f"net.{key}": value for key, value in before.state_dict().items()}}, tmp_path / "b.ckpt")
    after = TimmNet("test_resnet", head, 5, weights=str(tmp_path / "b.ckpt")).state_dict()
    new = {key for key, value in before.state_dict().items() if not torch.equal(after[key], value)}
    assert new == {f"net.head.{part}conv_seg.{kind}" for part in ("", "regions.") for kind in ("weight", "bias")}
    same = TimmNet("test_resnet", head, 7, weights=str(tmp_path / "b.ckpt")).state_dict()
    assert all(torch.equal(same[key], value) for key, value in before.state_dict().items())
    with pytest.raises(WeightsError, match=r"head\.projections\.0\.weight: missing"):
        tiny(weights=str(tmp_path / "b.ckpt"))


def test_the_kiosks_network_starts_from_the_package() -> None:
    if lite0.packaged_file() is None:
        pytest.skip(f"{lite0.PACKAGE} is not installed")
    net = tiny("tf_efficientnet_lite0.in1k", pretrained=True)
    state = lite0.encoder_state(torch.load(lite0.packaged_file(), weights_only=True))
    own = net.net.backbone.model.state_dict()
    assert len(own) > 250
    assert all(torch.equal(value, state[key]) for key, value in own.items())
    assert net.mean.flatten().tolist() == [0.5] * 3


def test_no_weights_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match=r"timm/test_resnet\.r160_in1k.*model\.pretrained=false"):
        tiny("test_resnet.r160_in1k", pretrained=True)


# --- names, options


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("convnext_tinny", ["model.backbone=convnext_tinny", "Did you mean", "convnext_tiny"]),
        ("convnext_tiny.fb_in22", ["timm's convnext_tiny has no weights 'fb_in22'", "Did you mean", "fb_in22k"]),
        ("vit_base_patch14_dinov2.lvd142", ["lvd142m"]),
        ("mixer_s32_224", ["images of one size only"]),
    ],
)
def test_names(name: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught, torch.device("meta"):
        tiny(name)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"options": {"no_such_option": 1}}, "no_such_option"),
        ({"num_maps": 0}, "num_maps=0"),
        ({"backbone": "test_vit", "num_maps": 7}, "6 blocks"),
    ],
)
def test_settings(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        tiny(**settings)


# --- gradient checkpointing, compile


@pytest.mark.parametrize(
    ("name", "options"),
    [("test_convnext", {}), ("test_vit", {}), ("beit_base_patch16_224", BEIT), ("test_efficientnet", {}),
     ("swin_tiny_patch4_window7_224", SWIN)],
)  # fmt: skip
def test_gradient_checkpointing_changes_no_gradient(name: str, options: dict[str, Any]) -> None:
    # Fixed norms and no dropping: batch norms would otherwise see each batch twice.
    plain = tiny(name, options={**options, "drop_path_rate": 0.0}).eval()
    saving = tiny(name, options={**options, "drop_path_rate": 0.0}, grad_checkpointing=True).eval()
    saving.load_state_dict(plain.state_dict())
    x, gradients, saved = image(2, 3, 48, 64), [], []
    for net in (plain, saving):
        kept: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda y, kept=kept: (kept.append(y.numel()), y)[1], lambda y: y):
            out = net(x)
        out.square().sum().backward()
        saved.append(sum(kept))
        gradients.append({key: value.grad for key, value in net.named_parameters()})
    assert saved[1] < saved[0], "nothing was saved"
    for key, value in gradients[0].items():
        if value is not None:
            torch.testing.assert_close(gradients[1][key], value, rtol=1e-4, atol=1e-4 * float(value.abs().max()))


def test_gradient_checkpointing_that_timm_does_not_have() -> None:
    with pytest.raises(ConfigError, match=r"model\.grad_checkpointing=true: timm has none for hrnet_w18_small"):
        tiny("hrnet_w18_small", grad_checkpointing=True)


def test_compile_reaches_training_and_keeps_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    net, names, compiled = tiny(), set(tiny().state_dict()), []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, *_, **__: compiled.append(module))
    net.compile()
    assert compiled == [net.net]
    assert set(net.state_dict()) == names


# --- the files of conf/model


def test_light_takes_a_backbone_by_override() -> None:
    node = {
        "_target_": "trashseg.models.timm_net.TimmNet", "backbone": "test_convnext", "pretrained": False,
        "head": {"_target_": "trashseg.models.timm_net.LightHead", "_partial_": True, "channels": 8},
    }  # fmt: skip
    net = build_net(node, 3)
    assert net(image(1, 3, 50, 40)).shape == (1, 3, 50, 40)
    assert all(parameter.requires_grad for parameter in net.parameters())
