"""Parameter groups, optimisers and the recipes of conf/optim."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from timm.optim import param_groups_layer_decay, param_groups_weight_decay
from torch import nn

from trashseg.optim import Recipe, build_optimizer, parameter_groups
from trashseg.optim.schedules import Constant, Poly
from trashseg.types import ConfigError

CONF = Path(__file__).parents[1] / "conf"
OPTIMS = sorted(path.stem for path in (CONF / "optim").glob("*.yaml"))
SCHEDULES = sorted(path.stem for path in (CONF / "optim" / "schedule").glob("*.yaml"))


def composed(optim, schedule):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(overrides=[f"+optim={optim}", f"optim/schedule={schedule}"])
    return instantiate(cfg.optim, _convert_="all")


def tiny_net(seed=0):
    torch.manual_seed(seed)
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    return nn.Sequential(nn.ModuleDict({"encoder": backbone})["encoder"], nn.Conv2d(4, 3, 1))


def train(net, optimizer, config, steps, begin=0):
    """Step as Lightning does: optimiser, then schedule, each step or each pair of steps as an epoch."""
    rates = []
    for step in range(begin, steps):
        rng = torch.Generator().manual_seed(step)
        image = torch.randn(2, 3, 6, 6, generator=rng)
        target = torch.randint(3, (2, 6, 6), generator=rng)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(image), target).backward()
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler = config["scheduler"]
        if config["interval"] == "step":
            scheduler.step()
        elif step % 2:
            scheduler.step(0.5)
    return rates


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


class TestConfigs:
    @pytest.mark.parametrize("optim", OPTIMS)
    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_trains_and_resumes_as_if_nothing_had_happened(self, optim, schedule):
        recipe = composed(optim, schedule)
        whole = tiny_net()
        built = recipe.build(whole, 20)
        start = {name: p.detach().clone() for name, p in whole.named_parameters()}
        rates = train(whole, built["optimizer"], built["lr_scheduler"], 20)
        assert all(not p.equal(start[name]) and p.isfinite().all() for name, p in whole.named_parameters())

        first = tiny_net()
        built = recipe.build(first, 20)
        early = train(first, built["optimizer"], built["lr_scheduler"], 9)
        state = through_a_file(
            {
                "net": first.state_dict(),
                "optimizer": built["optimizer"].state_dict(),
                "schedule": built["lr_scheduler"]["scheduler"].state_dict(),
            }
        )
        second = tiny_net(1)
        built = recipe.build(second, 20)
        second.load_state_dict(state["net"])
        built["optimizer"].load_state_dict(state["optimizer"])
        built["lr_scheduler"]["scheduler"].load_state_dict(state["schedule"])
        late = train(second, built["optimizer"], built["lr_scheduler"], 20, begin=9)
        assert early + late == rates
        for name, param in second.state_dict().items():
            assert param.equal(whole.state_dict()[name]), name

    def test_cover_the_fixed_names(self):
        assert {"adam", "adamw", "radam", "adamp", "madgrad", "sgd", "lookahead"} <= set(OPTIMS)
        assert {"poly", "cosine", "cosine_restarts", "one_cycle", "plateau", "constant", "cyclic", "step"} <= {
            *SCHEDULES
        }

    def test_keys_of_the_command_line_reach_the_optimiser(self):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            words = ["optim.lr=1e-3", "optim.options.betas=[.8,.9]", "optim/schedule=cosine", "optim.schedule.warmup=3"]
            cfg = compose(overrides=["+optim=radam", *words])
        built = instantiate(cfg.optim, _convert_="all").build(nn.Conv2d(1, 1, 1), 10)
        (group,) = [g for g in built["optimizer"].param_groups if g["weight_decay"]]
        assert tuple(group["betas"]) == (0.8, 0.9)
        assert group["initial_lr"] == 1e-3
        assert group["lr"] == pytest.approx(1e-3 / 4)


class TestGroups:
    def test_every_trainable_parameter_once_in_few_groups(self):
        net = smp.Unet("tu-test_resnet", encoder_weights=None, classes=11)
        net.encoder.model.conv1.requires_grad_(False)
        groups = parameter_groups(net, lr=1e-3, weight_decay=0.1, backbone_lr_mult=0.5)
        grouped = [id(p) for group in groups for p in group["params"]]
        assert sorted(grouped) == sorted(id(p) for p in net.parameters() if p.requires_grad)
        rows = {(g["name"], g["lr"], g["weight_decay"]) for g in groups}
        assert rows == {
            ("backbone", 5e-4, 0.1),
            ("backbone.no_decay", 5e-4, 0.0),
            ("head", 1e-3, 0.1),
            ("head.no_decay", 1e-3, 0.0),
        }
        backbone = {id(p) for g in groups if g["name"].startswith("backbone") for p in g["params"]}
        assert backbone == {id(p) for p in net.encoder.parameters() if p.requires_grad}

    def test_same_parameters_decay_as_in_timm(self):
        net = smp.Unet("tu-test_resnet", encoder_weights=None)
        ours = parameter_groups(net, lr=1.0, weight_decay=0.1)
        theirs = param_groups_weight_decay(net, 0.1)
        for decay in (0.0, 0.1):
            mine = {id(p) for g in ours if g["weight_decay"] == decay for p in g["params"]}
            assert mine == {id(p) for g in theirs if g["weight_decay"] == decay for p in g["params"]}
        assert [g["name"] for g in ours] == ["net", "net.no_decay"]

    def test_without_decay_there_is_one_group(self):
        (group,) = parameter_groups(tiny_net(), lr=1.0, weight_decay=0.0)
        assert group["name"] == "net"
        assert len(group["params"]) == 5

    def test_layer_decay_is_timms(self):
        vit = timm.create_model("vit_tiny_patch16_224", depth=3, embed_dim=24, num_heads=2, img_size=32, num_classes=3)
        net = nn.ModuleDict({"encoder": vit, "decoder": nn.Conv2d(24, 3, 1)})
        groups = parameter_groups(net, lr=1.0, weight_decay=0.1, layer_decay=0.6, backbone_lr_mult=0.5)
        ours = {id(p): (g["lr"], g["weight_decay"]) for g in groups for p in g["params"]}
        theirs = {
            id(p): (0.5 * g["lr_scale"], g["weight_decay"])
            for g in param_groups_layer_decay(vit, weight_decay=0.1, layer_decay=0.6, no_weight_decay_list=[])
            for p in g["params"]
        }
        for name, param in vit.named_parameters():
            if name.startswith("head."):  # which segmentation cuts off
                continue
            rate, decay = theirs[id(param)]
            if name in ("pos_embed", "cls_token"):  # timm leaves these to the caller
                decay = 0.0
            assert ours[id(param)] == pytest.approx((rate, decay)), name
        assert ours[id(net["decoder"].weight)] == (1.0, 0.1)
        assert len({g["name"] for g in groups}) == len(groups) == 10

    @pytest.mark.parametrize(
        ("name", "num_blocks"),
        [
            ("resnet18", 2 + 2 + 2 + 2),
            ("regnety_002", 1 + 1 + 4 + 7),
            ("convnext_atto", 2 + 2 + 6 + 2),
            ("tf_efficientnet_lite0", 1 + 2 + 2 + 3 + 3 + 4 + 1),
            ("swin_tiny_patch4_window7_224", 2 + 2 + 6 + 2),
        ],
    )
    def test_blocks_are_found_whatever_they_are_called(self, name, num_blocks):
        net = nn.ModuleDict({"backbone": timm.create_model(name, num_classes=0)})
        groups = parameter_groups(net, lr=1.0, weight_decay=0.0, layer_decay=0.9)
        assert [g["lr"] for g in groups] == pytest.approx([0.9 ** (num_blocks + 1 - d) for d in range(num_blocks + 1)])
        assert [g["name"] for g in groups] == [f"backbone.{depth:02d}" for depth in range(num_blocks + 1)]

    def test_a_network_may_name_its_backbone(self):
        net = nn.ModuleDict({"trunk": nn.Conv2d(1, 1, 1), "subencoder": nn.Conv2d(1, 1, 1)})
        net.backbone_prefixes = ("trunk.",)
        groups = parameter_groups(net, lr=1.0, weight_decay=0.0, backbone_lr_mult=0.1)
        assert {g["name"]: [p is q for p, q in zip(g["params"], net["trunk"].parameters(), strict=True)]
                for g in groups if g["name"] == "backbone"} == {"backbone": [True, True]}  # fmt: skip

    def test_names_match_at_dots_only(self):
        net = nn.ModuleDict(
            {"subencoder": nn.Conv2d(1, 1, 1), "wrapped": nn.ModuleDict({"encoder": nn.Conv2d(1, 1, 1)})}
        )
        groups = parameter_groups(net, lr=1.0, weight_decay=0.0, backbone_lr_mult=0.1)
        assert [(g["name"], len(g["params"])) for g in groups] == [("head", 2), ("backbone", 2)]

    def test_listed_names_do_not_decay(self):
        net = nn.ModuleDict({"queries": nn.Embedding(3, 3), "conv": nn.Conv2d(1, 1, 1)})
        decayed = [g for g in parameter_groups(net, lr=1, weight_decay=0.1, no_decay=["queries"]) if g["weight_decay"]]
        assert [p is net["conv"].weight for g in decayed for p in g["params"]] == [True]


class TestFactory:
    def test_settings_arrive(self):
        optimizer = build_optimizer(
            tiny_net(), opt="sgd", lr=0.1, weight_decay=0.01, backbone_lr_mult=0.5, momentum=0.7, nesterov=False
        )
        assert isinstance(optimizer, torch.optim.SGD)
        assert {g["momentum"] for g in optimizer.param_groups} == {0.7}
        assert {g["nesterov"] for g in optimizer.param_groups} == {False}

    def test_lookahead_wraps(self):
        optimizer = build_optimizer(tiny_net(), opt="lookahead_adamp", lr=0.1)
        assert type(optimizer).__name__ == "Lookahead"

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"opt": "adamx"}, "Did you mean"),
            ({"opt": "lookahead_nope"}, "unknown"),
            ({"lr": 0.0}, "optim.lr"),
            ({"lr": float("nan")}, "optim.lr"),
            ({"weight_decay": -1.0}, "optim.weight_decay"),
            ({"backbone_lr_mult": -1.0}, "optim.backbone_lr_mult"),
            ({"layer_decay": 1.5}, "optim.layer_decay"),
            ({"layer_decay": 0.9}, "numbered blocks"),
            ({"options": {"momentun": 0.9}}, "refuses its settings"),
            ({"options": {"betas": [2.0, 0.9]}}, "refuses its settings"),
        ],
    )
    def test_wrong_settings_say_so(self, changes, word):
        settings = {"opt": "adamw", "lr": 1e-3, "schedule": Constant(), **changes}
        with pytest.raises(ConfigError, match=word) as caught:
            Recipe(**settings).build(tiny_net(), 10)
        assert "\n" not in str(caught.value)

    def test_a_frozen_network_is_refused(self):
        with pytest.raises(ConfigError, match="no trainable parameter"):
            Recipe("adamw", 1e-3, Poly()).build(tiny_net().requires_grad_(False), 10)
