"""The contract of every network in conf/model: any size in, logits of that size out, gradients everywhere."""

from __future__ import annotations

import functools

import pytest
import torch
from hydra.utils import get_object
from omegaconf import OmegaConf
from torch.nn import functional

from trashseg.build import build_net
from trashseg.models.contract import SegmentationNet, freeze_unused

from .tiny import CONF, MODELS, TINY, tiny_config

NUM_CLASSES = 11


@functools.lru_cache(maxsize=1)
def net_of(name: str) -> SegmentationNet:
    torch.manual_seed(0)
    return build_net(tiny_config(name), NUM_CLASSES)


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# One test per network, since the largest takes seconds to build and to run: every promise on the same small passes.
def test_contract(name: str) -> None:
    net = net_of(name).eval()
    with torch.no_grad():
        first = net(image(2, 3, 33, 64))
        again = net(image(2, 3, 33, 64))
        assert net(image(1, 3, 65, 50)).shape == (1, NUM_CLASSES, 65, 50)
    assert first.shape == (2, NUM_CLASSES, 33, 64)
    assert first.dtype == torch.float32
    assert torch.isfinite(first).all()
    assert torch.equal(first, again), "eval mode must be deterministic"
    check_gradients(net)
    check_normalisation(net)
    check_memory_format(net)
    check_state(net, name)


def check_gradients(net: SegmentationNet) -> None:
    net.train()
    x, target = image(2, 3, 64, 64), torch.arange(2 * 64 * 64).reshape(2, 64, 64) % NUM_CLASSES
    if hasattr(net, "training_loss"):
        losses = net.training_loss(x, target, functional.cross_entropy).values()
        torch.stack(list(losses)).sum().backward()
    else:
        functional.cross_entropy(net(x), target).backward()
    trained = {key: value for key, value in net.named_parameters() if value.requires_grad}
    assert [key for key, value in trained.items() if value.grad is None] == []
    assert any(key.startswith(net.backbone_prefixes) for key in trained), "no parameter counts as the backbone's"
    assert not all(key.startswith(net.backbone_prefixes) for key in trained)
    net.zero_grad(set_to_none=True)
    net.eval()


@torch.no_grad()
def check_normalisation(net: SegmentationNet) -> None:
    """The mean colour is the inner network's zero."""
    flat = net.mean.expand(1, 3, 64, 64)
    zero = torch.zeros(1, 3, 64, 64).contiguous(memory_format=net.memory_format)
    torch.testing.assert_close(net(flat), net.logits(zero), rtol=0, atol=1e-5)
    x = image(1, 3, 64, 64)
    normalised = ((x.double() - net.mean.double()) / net.std.double()).float()
    expected = net.logits(normalised.contiguous(memory_format=net.memory_format))
    # Nearly all pixels: a network with hard assignments inside makes more of a last bit here and there.
    assert ((net(x) - expected).abs() < 1e-3 * expected.abs().max()).float().mean() > 0.95


@torch.no_grad()
def check_memory_format(net: SegmentationNet) -> None:
    before, x = net.memory_format, image(1, 3, 64, 64)
    outputs = []
    for memory_format in (torch.channels_last, torch.contiguous_format):
        net.memory_format = memory_format
        outputs.append(net.to(memory_format=memory_format)(x.contiguous(memory_format=memory_format)))
    net.to(memory_format=before).memory_format = before
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-3, atol=1e-3 * float(outputs[1].abs().max()))


@torch.no_grad()
def check_state(net: SegmentationNet, name: str) -> None:
    """The state of one network makes another its equal; nothing lies outside the state."""
    x = image(1, 3, 64, 64)
    expected, state = net(x), {key: value.clone() for key, value in net.state_dict().items()}
    net_of.cache_clear()
    torch.manual_seed(1)
    other = build_net(tiny_config(name), NUM_CLASSES).eval()
    assert not torch.equal(other(x), expected)
    assert other.load_state_dict(state).missing_keys == []
    assert torch.equal(other(x), expected)


def test_every_tiny_form_is_of_a_file() -> None:
    assert set(TINY) <= set(MODELS)


def test_every_file_names_a_network_of_ours() -> None:
    assert {"unet_effb7", "unet_lite0", "deeplabv3_r50", "fcn_r50"} <= set(MODELS)
    for name in MODELS:
        assert issubclass(get_object(OmegaConf.load(CONF / f"{name}.yaml")._target_), SegmentationNet)


class WithSpare(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.spare = torch.nn.Conv2d(3, 2, 1), torch.nn.Conv2d(3, 2, 1)
        self.norm = torch.nn.BatchNorm2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.used(x))


def test_freeze_unused_finds_exactly_the_spare_parameters() -> None:
    net = WithSpare()
    statistics = net.norm.running_mean.clone()
    assert freeze_unused(net) == ["spare.weight", "spare.bias"]
    assert [key for key, value in net.named_parameters() if not value.requires_grad] == ["spare.weight", "spare.bias"]
    assert torch.equal(net.norm.running_mean, statistics)
    assert net.training
    assert all(value.grad is None for value in net.parameters())


class Same(SegmentationNet):
    def logits(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[-2] % 32 == x.shape[-1] % 32 == 0
        self.seen = x
        return x


def test_padding_repeats_the_border_and_is_cut_off() -> None:
    net = Same((0.5, 0.5, 0.5), (0.25, 0.5, 1.0), multiple=32)
    x = image(1, 3, 40, 33, seed=3)
    out = net(x)
    expected = (x - 0.5) / torch.tensor([0.25, 0.5, 1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(out, expected)
    assert net.seen.shape[-2:] == (64, 64)
    assert torch.equal(net.seen[..., :40, 40], expected[..., 32])
    assert torch.equal(net.seen[..., 63, :33], expected[..., 39, :])
