"""Fused optimiser steps: the same numbers, where there is one, and also after a resumed run changes its mind."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from omegaconf import DictConfig
from torch import nn

from trashseg import build
from trashseg.optim.fused import has_fused_step
from trashseg.trainer import why_not_fused
from trashseg.types import ConfigError

Composed = Callable[..., DictConfig]


def train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    generator = torch.Generator().manual_seed(steps)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(8, 5, generator=generator)).square().mean().backward()
        optimizer.step()


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.Linear(6, 2))


def optimizer_of(composed: Composed, opt: str, net: nn.Module, *, fused: bool) -> torch.optim.Optimizer:
    return build.build_recipe(composed("train", f"optim={opt}").optim, fused=fused).optimizer(net)


@pytest.mark.parametrize("opt", ["adam", "adamw", "sgd"])
def test_the_numbers_are_the_same(composed: Composed, opt: str) -> None:
    assert has_fused_step(opt)
    nets = [network(), network()]
    for net, fused in zip(nets, (False, True), strict=True):
        optimizer = optimizer_of(composed, opt, net, fused=fused)
        assert {group["fused"] for group in optimizer.param_groups} == {True if fused else None}
        train(net, optimizer, 20)
    for own, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)
    assert not torch.equal(nets[0][0].weight, network()[0].weight)


@pytest.mark.parametrize("opt", ["adamp", "madgrad", "radam", "lookahead"])
def test_others_keep_their_own_step(composed: Composed, opt: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    net = network()
    train(net, optimizer_of(composed, opt, net, fused=True), 2)
    assert "has no fused step" in caplog.text


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, False)])
def test_a_resumed_run_may_change_its_mind(composed: Composed, before: bool, after: bool) -> None:
    net = network()
    first = optimizer_of(composed, "adamw", net, fused=before)
    train(net, first, 3)
    twin = copy.deepcopy(net)
    second = optimizer_of(composed, "adamw", twin, fused=after)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert {group["fused"] for group in second.param_groups} == {True if after else None}
    for one, optimizer in ((net, first), (twin, second)):
        train(one, optimizer, 5)
    for own, other in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)


def test_clipping_under_16_mixed_keeps_the_own_step(
    composed: Composed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)

    def fused(*overrides: str) -> bool:
        caplog.clear()
        cfg = composed("train", "trainer=cpu", "trainer.fused_optimizer=true", "run_dir=r", *overrides)
        return build.build_trainer(cfg.trainer, [], []).fused_optimizer

    assert fused()
    assert fused("trainer.precision=bf16-mixed")
    assert "trainer.fused_optimizer" not in caplog.text
    assert why_not_fused("16-mixed", 1.0) is not None
    assert why_not_fused("16-mixed", None) is None
    assert why_not_fused("16-mixed", 0) is None
    # 16-mixed itself needs a GPU.
    monkeypatch.setattr("trashseg.trainer.Trainer.precision", "16-mixed")
    assert not fused()
    assert "16-mixed does not go with gradient_clip_val=1.0" in caplog.text


@pytest.mark.parametrize("key", ["auto_batch", "fused_optimizer", "fused_attention"])
def test_our_options_are_true_or_false(composed: Composed, key: str) -> None:
    node: Any = composed("train", "trainer=cpu", f"trainer.{key}=1", "run_dir=r").trainer
    with pytest.raises(ConfigError, match=rf"trainer\.{key}=1; give true or false"):
        build.build_trainer(node, [], [])
