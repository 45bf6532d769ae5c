"""Per-pixel networks of transformers: its own outputs and losses, its weights in any form, clear words on mistakes."""

from __future__ import annotations

import copy
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from torch.nn import functional

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD
from trashseg.models.hf import HFNet, HFQueryNet
from trashseg.models.hf.base import TransformersNet
from trashseg.models.hf.config import make_config
from trashseg.types import ConfigError, WeightsError

transformers = pytest.importorskip("transformers")

CONF = Path(__file__).parents[2] / "conf/model"
STAGES = ["stage1", "stage2", "stage3", "stage4"]
UPERNET = {"model_type": "upernet", "hidden_size": 16, "auxiliary_channels": 8}
CONVNEXT = {"model_type": "convnext", "depths": [1, 1, 2, 1], "hidden_sizes": [8, 16, 24, 32], "out_features": STAGES}
SWIN = {
    "model_type": "swin", "embed_dim": 12, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 2, 4], "out_features": STAGES,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "segformer": {
        "model_type": "segformer", "depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32],
        "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 16,
    },
    "upernet_convnext": {**UPERNET, "auxiliary_in_channels": 24, "backbone_config": CONVNEXT},
    "upernet_swin": {**UPERNET, "auxiliary_in_channels": 48, "backbone_config": SWIN},
    "beit": {
        "model_type": "beit", "hidden_size": 16, "num_hidden_layers": 6, "num_attention_heads": 2,
        "intermediate_size": 16, "image_size": 64, "use_relative_position_bias": True, "out_indices": [1, 2, 3, 5],
        "auxiliary_channels": 8,
    },
}  # fmt: skip
HEADS = ("decode_head.classifier.", "auxiliary_head.classifier.")


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, target, ignore_index=255)


def stir(net: torch.nn.Module) -> torch.nn.Module:
    """Random values everywhere, in the batch norms' statistics and the tables of positions too."""
    generator = torch.Generator().manual_seed(7)
    for name, tensor in net.state_dict().items():
        if tensor.is_floating_point() and name not in ("criterion.empty_weight", "attn_mask_probs"):
            noise = torch.rand(tensor.shape, generator=generator)
            if tensor.ndim > 1:
                tensor[:] = (noise - 0.5) * 4 * tensor[0].numel() ** -0.5  # keeps the size of what goes through
            else:
                tensor += noise if name.endswith("running_var") else 0.1 * (noise - 0.5)
    return net.eval()


def publish(config: dict[str, Any], kinds: Any, folder: Path, num_classes: int = 150) -> Any:
    """Save a network of transformers as the hub holds one."""
    model = stir(kinds[config["model_type"]](make_config(config, num_classes, kinds)))
    model.save_pretrained(folder)
    return model


def watch_calls(net: torch.nn.Module, endings: tuple[str, ...]) -> Counter[str]:
    """Count the calls of the modules with these endings of names."""
    count: Counter[str] = Counter()
    for name, module in net.named_modules():
        if name.endswith(endings):
            # Before, since a second pass ends where the last tensor that it is run for is there.
            module.register_forward_pre_hook(lambda *_, key=name: count.update([key]))
    return count


@pytest.fixture(params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def build(kind: str, num_classes: int = 11, **options: Any) -> HFNet:
    torch.manual_seed(0)
    return HFNet(CONFIGS[kind], num_classes, mean=IMAGENET_MEAN, std=IMAGENET_STD, **options)


# --- outputs and losses, against transformers itself


def test_logits_are_those_of_transformers(kind: str) -> None:
    if kind == "beit":
        pytest.skip("its features are taken elsewhere: the next test")
    net = build(kind, pretrained=False)
    stir(net.net)
    processor = transformers.SegformerImageProcessor(do_resize=False, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)
    x = (image(2, 3, 64, 96) * 255).to(torch.uint8)
    inputs = processor(list(x), return_tensors="pt")
    with torch.no_grad():
        outputs = net.net(**inputs)
        logits = net(x / 255)
    expected = functional.interpolate(outputs.logits, size=(64, 96), mode="bilinear", align_corners=False)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    maps = processor.post_process_semantic_segmentation(outputs, target_sizes=[(64, 96)] * 2)
    assert torch.equal(logits.argmax(1), torch.stack(maps))
    assert len(logits.argmax(1).unique()) > 1


def test_beit_takes_the_outputs_of_the_named_blocks() -> None:
    net = build("beit", pretrained=False)
    model: Any = stir(net.net)
    outputs: list[torch.Tensor] = []
    handles = [layer.register_forward_hook(lambda *values: outputs.append(values[2])) for layer in model.beit.layers]
    x = image(1, 3, 96, 64)
    with torch.no_grad():
        logits = net.logits(x)
        for handle in handles:
            handle.remove()
        maps = [outputs[i][:, 1:].transpose(1, 2).reshape(1, 16, 6, 4) for i in (1, 2, 3, 5)]
        expected = model.decode_head(model.fpn(maps))
    expected = functional.interpolate(expected, size=(96, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("kind", ["upernet_convnext", "beit"])
def test_auxiliary_head_trains_with_its_weight(kind: str) -> None:
    net = build(kind, pretrained=False).eval()
    stir(net.net)
    x, target = image(2, 3, 64, 64), torch.randint(0, 11, (2, 64, 64), generator=torch.Generator().manual_seed(1))
    target[:, 10:30, 5:50] = 255
    parts = net.training_loss(x, target, cross_entropy)
    theirs = net.net(pixel_values=(x - net.mean) / net.std, labels=target).loss
    assert list(parts) == ["decode", "auxiliary"]
    assert all(part > 0.5 for part in parts.values())
    torch.testing.assert_close(parts["decode"] + parts["auxiliary"], theirs)
    assert net.auxiliary is None


def test_without_auxiliary_head_the_loss_is_the_pixel_loss() -> None:
    net = build("segformer", pretrained=False).eval()
    x, target = image(2, 3, 50, 70), torch.randint(0, 11, (2, 50, 70))
    parts = net.training_loss(x, target, cross_entropy)
    assert list(parts) == ["decode"]
    torch.testing.assert_close(parts["decode"], cross_entropy(net(x), target))


def test_any_size(kind: str) -> None:
    net = build(kind, pretrained=False).eval()
    target = torch.zeros(1, 77, 130, dtype=torch.int64)
    with torch.no_grad():
        for size in ((32, 32), (33, 64), (96, 160), (200, 72)):
            assert net(image(1, 3, *size)).shape == (1, 11, *size)
        assert all(part.isfinite() for part in net.training_loss(image(1, 3, 77, 130), target, cross_entropy).values())


def test_a_copy_is_a_network_of_its_own() -> None:
    """The average of the weights is made by copying the network."""
    net = build("upernet_convnext", pretrained=False).eval()
    other, x, target = copy.deepcopy(net), image(1, 3, 64, 64), torch.zeros(1, 64, 64, dtype=torch.int64)
    expected = {name: part.detach() for name, part in net.training_loss(x, target, cross_entropy).items()}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    parts = other.training_loss(x, target, cross_entropy)
    assert {name: part.item() for name, part in parts.items()} == {name: v.item() for name, v in expected.items()}


def test_grad_checkpointing_recomputes_and_changes_nothing(kind: str) -> None:
    gradients, calls = [], []
    for checkpointing in (False, True):
        net = build(kind, pretrained=False, grad_checkpointing=checkpointing)
        count = watch_calls(net, (".mlp", ".pwconv1"))
        torch.manual_seed(1)
        parts = net.training_loss(image(2, 3, 64, 64), torch.ones(2, 64, 64, dtype=torch.int64), cross_entropy)
        torch.stack(list(parts.values())).sum().backward()
        gradients.append({name: value.grad for name, value in net.named_parameters() if value.grad is not None})
        calls.append(set(count.values()))
    assert calls == [{1}, {2}]
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


def test_grad_checkpointing_where_no_block_can() -> None:
    resnet = {"model_type": "resnet", "embedding_size": 8, "hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1],
              "layer_type": "basic", "out_features": STAGES}  # fmt: skip
    config = {**UPERNET, "auxiliary_in_channels": 8, "backbone_config": resnet}
    options = {"pretrained": False, "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    assert HFNet(config, 3, **options).eval()(image(1, 3, 64, 64)).shape == (1, 3, 64, 64)
    with pytest.raises(ConfigError, match=r"grad_checkpointing=true.*upernet.*grad_checkpointing=false"):
        HFNet(config, 3, **options, grad_checkpointing=True)


# --- starting weights


def assert_started(net: TransformersNet, published: Any, heads: tuple[str, ...], num_classes: int) -> None:
    """Every tensor is the published one; the head has our size."""
    own, theirs = net.net.state_dict(), published.state_dict()
    same = [name for name in own if not name.startswith(heads)]
    assert all(torch.equal(own[name], theirs[name]) for name in same)
    assert len(same) < len(own)
    assert all(own[name].shape[0] == num_classes for name in own if name.startswith(heads))


def test_weights_of_another_number_of_classes(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    published = publish(CONFIGS[kind], HFNet.kinds(), tmp_path)
    capfd.readouterr()
    with caplog.at_level(logging.INFO, "trashseg"):
        net = build(kind, repository=str(tmp_path))
    assert_started(net, published, HEADS, 11)
    lines = [record.message for record in caplog.records]
    assert str(tmp_path / "model.safetensors") in lines[0]
    assert "the class head starts from random values: " in lines[1]
    assert "decode_head.classifier.weight" in lines[1]
    assert len(lines) == 2
    assert capfd.readouterr() == ("", ""), "transformers' own bars and tables"


def test_the_same_number_of_classes_keeps_the_head(tmp_path: Path) -> None:
    published = publish(CONFIGS["segformer"], HFNet.kinds(), tmp_path, num_classes=11)
    net = build("segformer", weights=str(tmp_path))
    assert all(torch.equal(value, published.state_dict()[name]) for name, value in net.net.state_dict().items())


@pytest.mark.parametrize("kind", ["segformer", "beit", "upernet_swin"])
def test_weights_from_a_checkpoint_of_our_own(kind: str, tmp_path: Path) -> None:
    before = build(kind, pretrained=False)
    stir(before.net)
    state = {f"net.{name}": value for name, value in before.state_dict().items()}
    torch.save({"state_dict": state, "config": {}, "classes": {}}, tmp_path / "best.ckpt")
    after = build(kind, 5, weights=str(tmp_path / "best.ckpt"))
    assert_started(after, before.net, HEADS, 5)


def test_a_checkpoint_of_another_version_of_transformers(kind: str, tmp_path: Path) -> None:
    """Published files have the names of the first versions: so would checkpoints that were written then."""
    published = publish(CONFIGS[kind], HFNet.kinds(), tmp_path, num_classes=11)
    former = load_file(tmp_path / "model.safetensors")
    assert set(former) - set(published.state_dict()) or kind == "upernet_convnext"
    net = build(kind, pretrained=False)
    assert net.load_state_dict({f"net.{name}": value for name, value in former.items()}).unexpected_keys == []
    assert all(torch.equal(value, published.state_dict()[name]) for name, value in net.net.state_dict().items())
    name = next(name for name in former if name.endswith("weight"))
    with pytest.raises(RuntimeError, match="Missing key"):
        net.load_state_dict({f"net.{key}": value for key, value in former.items() if key != name})


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    model = publish(CONFIGS["segformer"], HFNet.kinds(), tmp_path)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    wrong, gone = "segformer.stages.1.blocks.0.mlp.fc1.weight", "segformer.stages.0.layer_norm.bias"
    file = tmp_path / "w.pth"
    torch.save({**state, wrong: torch.ones(7)}, file)
    with pytest.raises(WeightsError, match=rf"does not fit: {wrong}: \(7,\) instead of \(64, 16\) \(1 of") as caught:
        build("segformer", weights=str(file))
    assert "\n" not in str(caught.value)
    torch.save({name: value for name, value in state.items() if name != gone}, file)
    with pytest.raises(WeightsError, match=rf"does not fit: {gone}: missing \(1 of"):
        build("segformer", weights=str(file))
    # A head that is not there is no head of another size.
    torch.save({name: value for name, value in state.items() if not name.startswith(HEADS)}, file)
    with pytest.raises(WeightsError, match=r"decode_head\.classifier\.weight: missing"):
        build("segformer", weights=str(file))
    torch.save({"some.weight": torch.ones(3)}, file)
    with pytest.raises(WeightsError, match=r"missing; .*missing.* tensors differ\)"):
        build("beit", weights=str(file))


def test_weights_from_the_hubs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--owner--name"
    published = publish(CONFIGS["segformer"], HFNet.kinds(), repository / "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("abc", encoding="utf-8")
    assert_started(build("segformer", repository="owner/name"), published, HEADS, 11)
    # The same without a config of ours: everything from the cache.
    net = HFNet(None, 11, repository="owner/name")
    assert_started(net, published, HEADS, 11)
    start = time.monotonic()
    with pytest.raises(WeightsError, match=r"other/name.*HF_HUB_OFFLINE") as caught:
        build("segformer", repository="other/name")
    assert time.monotonic() - start < 5
    assert "\n" not in str(caught.value)


# --- a config that is looked up


def test_a_published_config_is_resolved_and_rebuilds_alone(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    published = publish(CONFIGS["upernet_swin"], HFNet.kinds(), folder)
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    content["backbone_config"]["an_entry_of_2022"] = content["another_one"] = 1
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    statistics = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
    (folder / "preprocessor_config.json").write_text(json.dumps(statistics), encoding="utf-8")
    net = HFNet(None, 11, repository=str(folder)).eval()
    assert_started(net, published, HEADS, 11)
    assert net.mean.flatten().tolist() == pytest.approx([0.1, 0.2, 0.3])
    # It travels in a file without code, and needs neither folder nor hub.
    torch.save(dict(net.resolved), tmp_path / "config.ckpt")
    resolved = torch.load(tmp_path / "config.ckpt", weights_only=True)
    assert set(resolved) == {"config", "mean", "std"}
    assert "id2label" not in resolved["config"]
    assert resolved["config"]["backbone_config"]["embed_dim"] == 12
    other = HFNet(num_classes=11, pretrained=False, **resolved).eval()
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(image(1, 3, 64, 64)), net(image(1, 3, 64, 64)))
    assert other.resolved == {}


def test_without_statistics_those_of_imagenet(tmp_path: Path) -> None:
    publish(CONFIGS["segformer"], HFNet.kinds(), tmp_path)
    net = HFNet(None, 3, weights=str(tmp_path))
    assert net.mean.flatten().tolist() == pytest.approx(list(IMAGENET_MEAN))
    assert net.std.flatten().tolist() == pytest.approx(list(IMAGENET_STD))


def test_a_config_that_is_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.repository=OWNER/NAME"):
        HFNet(None, 3)
    with pytest.raises(WeightsError, match=r"config\.json cannot be read"):
        HFNet(None, 3, repository=str(tmp_path))
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"config\.json holds no mapping"):
        HFNet(None, 3, repository=str(tmp_path))


# --- mistakes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "segfromer"}, ["model.config.model_type=segfromer", "segformer"]),
        ({"model_type": "mask2former"}, ["model.config.model_type=mask2former", "Available: beit"]),
        ({"hiden_sizes": [1]}, ["model.config.hiden_sizes", "hidden_sizes"]),
        ({"depths": "deep"}, ["model.config of a segformer", "depths"]),
        ({"hidden_sizes": [8]}, ["model.config of a segformer cannot be built", "IndexError"]),
    ],
)
def test_mistakes_in_a_config(change: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        HFNet({**CONFIGS["segformer"], **change}, 3, pretrained=False, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_mistakes_in_a_backbone() -> None:
    options = {"pretrained": False, "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    with pytest.raises(ConfigError, match=r"backbone_config\.model_type=swim does not exist\. Did you mean swin"):
        HFNet({**UPERNET, "backbone_config": {**SWIN, "model_type": "swim"}}, 3, **options)
    with pytest.raises(ConfigError, match=r"model\.config\.backbone_config\.embed_dims.*embed_dim"):
        HFNet({**UPERNET, "backbone_config": {**SWIN, "embed_dims": 3}}, 3, **options)


@pytest.mark.parametrize(
    ("package", "stand_in"),
    [("transformers", None), ("scipy.optimize", None), ("transformers", SimpleNamespace(__version__="4.57.1"))],
)
def test_without_the_library(package: str, stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, stand_in)
    with pytest.raises(ConfigError, match=r"pip install 'trashseg\[hf\]'"):
        build("segformer", pretrained=False)


# --- the named networks, at their full size without their memory


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("segformer_b5", 84_708_694),
        ("upernet_convnext_xl", 391_140_396),
        ("upernet_beit_l", 441_271_084),
        ("mask2former_swin_l", 215_491_851),
        ("mask2former_swin_t", 47_441_169),
        ("eomt_l", 316_020_887),
    ],
)
def test_size_of_the_published_networks(name: str, parameters: int) -> None:
    """With ADE20K's 150 classes: 84.7, 391, 441, 216, 47 and 316 million in the papers."""
    cfg = OmegaConf.load(CONF / f"{name}.yaml")
    wrapper = HFQueryNet if cfg._target_.endswith("HFQueryNet") else HFNet
    given = OmegaConf.to_container(cfg.config)
    kinds = wrapper.kinds()
    config = make_config(given, 150, kinds)  # type: ignore[arg-type]
    with torch.device("meta"):
        net = kinds[config.model_type](config)
    assert sum(parameter.numel() for parameter in net.parameters()) == parameters
