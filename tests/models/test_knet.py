"""K-Net as a whole: the published network's values, the contract, the losses, the configs."""

from __future__ import annotations

import importlib.util
import json
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from torch.nn import functional

from trashseg.config import instantiate
from trashseg.models.knet import ASPPHead, FCNHead, GenerateHead, KNet, PSPHead, ResNetV1c, Swin, UPerHead
from trashseg.types import ConfigError

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "../shared/reference/knet"
needs_reference = pytest.mark.skipif(
    not (REFERENCE / "named_values.py").is_file(), reason="mmsegmentation's values for K-Net are not here"
)
INPUTS = ("tiny_named_160x160", "tiny_named_171x203")
UPDATE = {"num_heads": 2, "ffn_channels": 16, "updator_channels": 4}


def tiny(head: type[GenerateHead] = UPerHead, *, resnet: bool = False, **options: Any) -> KNet:
    """Return a K-Net of some ten thousand parameters and three classes."""
    backbone = (
        ResNetV1c(18, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), base_channels=4, stem_channels=8)
        if resnet
        else Swin(8, [2, 2, 2, 2], [1, 1, 2, 2], window_size=4, drop_path_rate=0.0)
    )
    options = {"num_classes": 3, "num_stages": 2, "update": UPDATE, "aux_channels": 4, "pretrained": False, **options}
    return KNet(backbone, partial(head, channels=8, dropout=0.0), **options)


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, target, ignore_index=255)


def mean_over_all_pixels(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, target, ignore_index=255, reduction="sum") / target.numel()


@pytest.fixture(scope="module")
def named_values() -> ModuleType:
    spec = importlib.util.spec_from_file_location("named_values", REFERENCE / "named_values.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published(named_values: ModuleType) -> KNet:
    """The network of the reference values, drop-out off."""
    update = {"num_heads": 8, "ffn_channels": 128, "updator_channels": 32}
    net = KNet(
        Swin(24, [2, 2, 2, 2], [1, 2, 4, 8]), partial(UPerHead, channels=64), 11,
        update=update, aux_channels=32, pretrained=False,
    )  # fmt: skip
    net.load_state_dict(named_values.named_fill(net.state_dict()))
    return net.eval()


@needs_reference
@pytest.mark.parametrize("name", INPUTS)
def test_logits_of_every_stage_are_mmsegmentations(name: str, published: KNet, named_values: ModuleType) -> None:
    facts = json.loads((REFERENCE / f"{name}.json").read_text())
    assert {key: list(value.shape) for key, value in published.state_dict().items()} == facts["keys"]
    forward = facts["forward"]
    x = named_values.fixed_input(forward["n"], forward["h"], forward["w"], forward["seed"])
    with torch.no_grad():
        maps, outputs = published.backbone(x), published.stages(x)
    with np.load(REFERENCE / f"{name}.npz") as values:
        pairs = [(value, values[f"backbone.{i}"]) for i, value in enumerate(maps)]
        pairs += [(value, values[f"stage{i}.logits"]) for i, value in enumerate(outputs)]
    assert len(pairs) == 8
    for value, truth in pairs:
        assert np.abs(value.numpy() - truth).max() <= 1e-5 * np.abs(truth).max()


@needs_reference
@pytest.mark.parametrize("name", INPUTS)
def test_losses_and_gradients_are_mmsegmentations(name: str, published: KNet, named_values: ModuleType) -> None:
    facts = json.loads((REFERENCE / f"{name}.json").read_text())
    loss = facts["loss"]
    x = named_values.fixed_input(loss["n"], loss["h"], loss["w"], loss["seed"])
    target = named_values.fixed_label(loss["n"], loss["h"], loss["w"], loss["label_seed"])
    published.zero_grad()
    parts = published.training_loss(x * published.std + published.mean, target, mean_over_all_pixels)
    total = torch.stack(list(parts.values())).sum()
    total.backward()
    truth = facts["losses"]
    wanted = [truth[f"decode.loss_ce.s{i}"] for i in range(4)] + [truth["aux.loss_ce"], truth["loss"]]
    assert [*(part.item() for part in parts.values()), total.item()] == pytest.approx(wanted, rel=1e-4)
    largest = max(facts["grad"].values())
    norms = {key: float(value.grad.norm()) for key, value in published.named_parameters() if value.grad is not None}
    assert norms.keys() == facts["grad"].keys()
    for key, norm in norms.items():
        # The bias adds one map to all classes, which no softmax sees: its gradient is rounding.
        assert norm == pytest.approx(facts["grad"][key], rel=1e-4, abs=1e-7 * largest), key


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("knet_upernet_swin_l", 246_864_810),
        ("knet_upernet_swin_t", 73_046_736),
        ("knet_upernet_r50", 79_620_982),
        ("knet_psp_r50", 23_527_264 + 23_079_435 + 3 * 4_403_968 + 2_362_635),
        ("upernet_swin_l", 233_652_906),
    ],
)
def test_parameters_are_as_many_as_mmsegmentations(name: str, count: int) -> None:
    config = OmegaConf.load(ROOT / "conf/model" / f"{name}.yaml")
    with torch.device("meta"):
        net = instantiate(config, "model", num_classes=11, pretrained=False)
    assert sum(parameter.numel() for parameter in net.parameters()) == count


@pytest.mark.parametrize("name", ["knet_fcn_r50", "knet_psp_r50", "knet_aspp_r50"])
def test_dilated_backbone_keeps_an_eighth(name: str) -> None:
    config = OmegaConf.load(ROOT / "conf/model" / f"{name}.yaml")
    with torch.device("meta"), torch.no_grad():
        net = instantiate(config, "model", num_classes=11, pretrained=False).eval()
        outputs = net.stages(torch.empty(1, 3, 512, 512))
    assert [tuple(value.shape) for value in outputs] == [(1, 11, 64, 64)] * 4


@pytest.mark.parametrize("resnet", [False, True])
@pytest.mark.parametrize("head", [UPerHead, FCNHead, PSPHead, ASPPHead])
def test_any_size_and_every_head(head: type[GenerateHead], resnet: bool) -> None:
    torch.manual_seed(1)
    net = tiny(head, resnet=resnet)
    image, target = torch.rand(2, 3, 45, 62), torch.randint(0, 3, (2, 45, 62))
    parts = net.training_loss(image, target, cross_entropy)
    assert list(parts) == ["stage0", "stage1", "stage2", "auxiliary"]
    torch.stack(list(parts.values())).sum().backward()
    # Only a pyramid reads the finest maps through their norms.
    unread = () if head is UPerHead else ("backbone.norm0", "backbone.norm1")
    silent = {name for name, parameter in net.named_parameters() if parameter.grad is None}
    assert silent == {name for name in dict(net.named_parameters()) if name.startswith(unread or ("-",))}
    with torch.no_grad():
        assert net.eval()(image[:1]).shape == (1, 3, 45, 62)


def test_prediction_is_the_last_stage_at_the_images_size() -> None:
    torch.manual_seed(2)
    net = tiny().eval()
    image = torch.rand(1, 3, 50, 37)
    with torch.no_grad():
        last = net.stages((image - net.mean) / net.std)[-1]
        wanted = functional.interpolate(last, (50, 37), mode="bilinear", align_corners=False)
        torch.testing.assert_close(net(image), wanted)


def test_loss_sums_the_given_pixel_loss_over_all_outputs() -> None:
    torch.manual_seed(3)
    net = tiny().eval()
    seen: list[torch.Tensor] = []

    def pixel_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        assert logits.shape == (1, 3, 40, 40)
        assert target.dtype == torch.uint8
        seen.append(logits)
        return logits.new_tensor(float(len(seen)))

    parts = net.training_loss(torch.rand(1, 3, 40, 40), torch.zeros(1, 40, 40, dtype=torch.uint8), pixel_loss)
    assert {name: float(value) for name, value in parts.items()} == pytest.approx(
        {"stage0": 1.0, "stage1": 2.0, "stage2": 3.0, "auxiliary": 0.4 * 4.0}
    )


def test_without_stages_it_is_the_generate_head() -> None:
    torch.manual_seed(4)
    net = tiny(num_stages=0).eval()
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        (only,) = net.stages(x)
        torch.testing.assert_close(only, net.decode_head.kernel_generate_head(net.backbone(x))[1])


def test_checkpointing_changes_no_gradient() -> None:
    torch.manual_seed(5)
    plain = tiny().eval()
    saving = tiny(grad_checkpointing=True).eval()
    saving.load_state_dict(plain.state_dict())
    saving.backbone.train()
    image, target = torch.rand(1, 3, 32, 32), torch.randint(0, 3, (1, 32, 32))
    for net in (plain, saving):
        torch.stack(list(net.training_loss(image, target, cross_entropy).values())).sum().backward()
    for (name, a), b in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=name)


def test_one_image_in_training_says_what_to_type() -> None:
    net = tiny()
    with pytest.raises(ConfigError, match=r"data\.batch_size=2 or more"):
        net.training_loss(torch.rand(1, 3, 32, 32), torch.zeros(1, 32, 32, dtype=torch.int64), cross_entropy)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.update.num_heads=7", r"num_heads=7 does not divide"),
        ("model.update.updator_channels=300", r"updator_channels=300 does not divide"),
        ("model.backbone.depths=[2,2,2]", r"give four numbers"),
        ("model.backbone.num_heads=[5,6,12,24]", r"5 heads do not divide the 96 channels"),
    ],
)
def test_sizes_that_do_not_go_together_are_told(override: str, message: str) -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["model=knet_upernet_swin_t", "model.pretrained=false", override])
    with torch.device("meta"), pytest.raises(ConfigError, match=message):
        instantiate(config.model, "model", num_classes=11)


def test_experiment_is_the_fields_recipe() -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train", ["experiment=knet_swin_l"])
    assert config.model.backbone.embed_dims == 192
    assert (config.optim.opt, config.optim.lr, config.optim.weight_decay) == ("adamw", 6e-5, 1e-4)
    assert config.optim.schedule.warmup == 500
    assert (config.data.image_size, config.data.batch_size) == (512, 4)
