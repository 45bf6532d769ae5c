"""What is offered to be measured, and why what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from omegaconf import DictConfig
from torch import nn

from trashseg.tuning.options import Option, Setting, options_for

Tiny = Callable[..., DictConfig]


class Attention(nn.Module):
    fused_attn = True


def offered(cfg: DictConfig, net: nn.Module | None = None, **more: object) -> dict[str, Option]:
    setting = Setting(cfg, net or nn.Sequential(), **{"on_gpu": False, "precision": "32-true", **more})  # type: ignore[arg-type]
    return {option.name: option for option in options_for(setting)}


def test_each_switch_is_offered_the_other_way_round(tiny: Tiny) -> None:
    options = offered(tiny())
    refused = {name for name, option in options.items() if option.why_not}
    assert refused == {"trainer.fused_attention=false", "trainer.benchmark=true", "trainer.sync_batchnorm=true"}
    assert set(options) - refused == {
        "model.channels_last=false", "model.compile=true", "trainer.fused_optimizer=true",
        "model.grad_checkpointing=true", "data.batch_size=2 trainer.accumulate_grad_batches=2",
    }  # fmt: skip
    assert "model.channels_last=true" in offered(tiny("model.channels_last=false"))
    assert "trainer.fused_optimizer=false" in offered(tiny("trainer.fused_optimizer=true"))


@pytest.mark.parametrize(
    ("overrides", "more", "name", "words"),
    [
        (["~model.grad_checkpointing"], {}, "model.grad_checkpointing=true", "no such"),
        (["optim=madgrad"], {}, "trainer.fused_optimizer=true", "madgrad has no fused step"),
        (["optim=lookahead"], {}, "trainer.fused_optimizer=true", "has no fused step"),
        ([], {"precision": "16-mixed"}, "trainer.fused_optimizer=true", "gradient_clip_val=1.0"),
        (["data.batch_size=3"], {}, "data.batch_size=1 trainer.accumulate_grad_batches=2", "batch of 3"),
        (["data.batch_size=2"], {}, "data.batch_size=1 trainer.accumulate_grad_batches=2", "batch of 2"),
        ([], {"on_gpu": True}, "trainer.sync_batchnorm=true", "one process"),
    ],
)
def test_why_not(tiny: Tiny, overrides: list[str], more: dict[str, object], name: str, words: str) -> None:
    why_not = offered(tiny(*overrides), **more)[name].why_not
    assert why_not is not None
    assert words in why_not


def test_what_the_machine_or_the_network_has_is_offered(tiny: Tiny) -> None:
    options = offered(tiny("trainer.gradient_clip_val=null"), Attention(), on_gpu=True, precision="16-mixed")
    for name in ("trainer.benchmark=true", "trainer.fused_attention=false", "trainer.fused_optimizer=true"):
        assert options[name].why_not is None


def test_batch_norm_forbids_smaller_batches(tiny: Tiny) -> None:
    name = "data.batch_size=2 trainer.accumulate_grad_batches=2"
    assert offered(tiny(), nn.LayerNorm(3))[name].why_not_taken is None
    assert "batch norm" in str(offered(tiny(), nn.BatchNorm2d(3))[name].why_not_taken)
