"""Real steps, beside the same steps by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from omegaconf import DictConfig
from torch import nn

from trashseg import build
from trashseg.module import SegmentationModule
from trashseg.quiet import quiet
from trashseg.tuning.bench import Bench, changed, without_chance
from trashseg.types import ClassTable, TrashsegError

Tiny = Callable[..., DictConfig]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


def bench_of(cfg: DictConfig, steps: int = 2) -> Bench:
    return Bench(cfg, ClassTable.from_mapping(cfg.data.classes), steps, warmup=1)


def by_hand(cfg: DictConfig, bench: Bench) -> list[float]:
    """Two steps of a plain loop over the whole batch in two halves; the rate of a poly schedule of three steps."""
    torch.manual_seed(cfg.seed)
    net = build.build_net(cfg.model, 11, resumed=True).train()
    loss = build.build_loss(cfg.loss, bench.table)
    optimizer = build.build_recipe(cfg.optim).optimizer(net)
    rates = [group["lr"] for group in optimizer.param_groups]
    batches, losses = bench.batches(cfg), []
    for step in range(2):
        parts = []
        for batch in batches:
            part = loss(net(batch["image"].float() / 255), batch["mask"])
            (part / len(batches)).backward()
            parts.append(part.item())
        nn.utils.clip_grad_norm_(net.parameters(), cfg.trainer.gradient_clip_val)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1 - step / 3) ** 0.9
        optimizer.step()
        optimizer.zero_grad()
        losses.append(sum(parts) / len(parts))
    return losses


@pytest.mark.parametrize("accumulated", [1, 2])
def test_losses_are_those_of_a_plain_loop(tiny: Tiny, accumulated: int) -> None:
    cfg = tiny(f"trainer.accumulate_grad_batches={accumulated}")
    bench = bench_of(cfg)
    timing = bench.run({})
    assert timing.losses == pytest.approx(by_hand(cfg, bench), rel=1e-5)
    assert timing.losses[1] != timing.losses[0]
    assert timing.memory_mb is None
    assert timing.step_ms > 0
    assert timing.images_per_s == pytest.approx(4 * accumulated * 1000 / timing.step_ms)


def test_every_measurement_begins_at_the_same_place(tiny: Tiny) -> None:
    bench = bench_of(tiny())
    first = bench.run({}).losses
    fused = bench.run({"trainer.fused_optimizer": True, "model.channels_last": False})
    assert bench.run({}).losses == first
    assert fused.losses == pytest.approx(first, rel=1e-4)
    # The batch of a step is the same photographs, at once or one half after the other.
    halves = bench.batches(changed(bench.cfg, {"data.batch_size": 2, "trainer.accumulate_grad_batches": 2}))
    assert torch.equal(torch.cat([half["image"] for half in halves]), bench.batches(bench.cfg)[0]["image"])


def test_the_fused_step_is_taken(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    real = torch.optim.AdamW.step

    def step(self: Any, *arguments: Any, **keywords: Any) -> Any:
        seen.append({group["fused"] for group in self.param_groups})
        return real(self, *arguments, **keywords)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    bench = bench_of(tiny())
    bench.run({})
    assert all(fused == {None} for fused in seen)
    seen.clear()
    bench.run({"trainer.fused_optimizer": True})
    assert seen
    assert all(fused == {True} for fused in seen)


def test_nothing_of_a_run_is_left_in_the_config(tiny: Tiny) -> None:
    cfg = tiny("trainer.devices=auto", "trainer.max_epochs=7")
    before = copy.deepcopy(cfg)
    bench_of(cfg).run({"model.channels_last": False})
    assert cfg == before


def test_too_little_memory_says_what_to_lower(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(SegmentationModule, "losses", out_of_memory)
    with pytest.raises(TrashsegError, match=r"in this order: data\.batch_size=2 trainer"):
        bench_of(tiny()).run({})


def test_chance_is_turned_off() -> None:
    from timm.layers import DropPath

    net = without_chance(nn.Sequential(nn.Dropout2d(0.5), DropPath(0.5), nn.Dropout(0.9), nn.Linear(4, 4))).train()
    x = torch.randn(3, 4, 4, 4)
    assert torch.equal(net[:3](x), x)
