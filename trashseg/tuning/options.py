"""The options that may make a step faster and change nothing of what is learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from trashseg.callbacks.attention import has_fused_attention
from trashseg.callbacks.rehearsal import LEAST
from trashseg.optim.fused import has_fused_step
from trashseg.trainer import why_not_fused


@dataclass(frozen=True)
class Option:
    """A change of the config.

    Args:
        changes: dotted key -> value.
        why_not: why it is not measured here; None: it is.
        why_not_taken: why it is not taken whatever it gains; None: it may be.
    """

    changes: Mapping[str, Any]
    why_not: str | None = None
    why_not_taken: str | None = None

    @property
    def name(self) -> str:
        """The change as the command line takes it."""
        return as_overrides(self.changes)


@dataclass(frozen=True)
class Setting:
    """Where the options are to be tried.

    Args:
        cfg: the config that they change.
        net: its network.
        on_gpu: whether it trains on a GPU.
        precision: Lightning's.
    """

    cfg: DictConfig
    net: nn.Module
    on_gpu: bool
    precision: str


def options_for(setting: Setting) -> list[Option]:
    """Return every option: each switch the other way round, and half the batch accumulated twice."""
    return [*(_switched(setting, key, why_not) for key, why_not in SWITCHES.items()), _accumulated(setting)]


def as_overrides(changes: Mapping[str, Any]) -> str:
    """Return changes as the command line takes them."""
    return " ".join(f"{key}={str(value).lower()}" for key, value in changes.items())


def _switched(setting: Setting, key: str, why_not: Callable[[Setting], str | None]) -> Option:
    value = OmegaConf.select(setting.cfg, key, default=None)
    known = key.startswith("trainer.") or value is not None
    refusal = why_not(setting) if known else "this network has no such option"
    return Option({key: not value}, refusal)


def _accumulated(setting: Setting) -> Option:
    size, accumulated = setting.cfg.data.batch_size, setting.cfg.trainer.accumulate_grad_batches
    changes = {"data.batch_size": size // 2, "trainer.accumulate_grad_batches": 2 * accumulated}
    halves = size % 2 == 0 and size // 2 >= LEAST
    return Option(
        changes,
        None if halves else f"a batch of {size} has no half of {LEAST} or more",
        "batch norm would see half the photographs" if _normalises_batches(setting.net) else None,
    )


def _normalises_batches(net: nn.Module) -> bool:
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in net.modules())


def _always(_: Setting) -> None:
    return None


def _fusing(setting: Setting) -> str | None:
    opt = setting.cfg.optim.opt
    if not has_fused_step(opt):
        return f"{opt} has no fused step"
    return why_not_fused(setting.precision, setting.cfg.trainer.gradient_clip_val)


def _attention(setting: Setting) -> str | None:
    if any(has_fused_attention(module) for module in setting.net.modules()):
        return None
    return "this network has no attention that can be switched"


def _cudnn(setting: Setting) -> str | None:
    return None if setting.on_gpu else "not on a CPU: it is cuDNN's"


def _several_processes(setting: Setting) -> str | None:
    return "one process has nothing to synchronise" if setting.on_gpu else "not on a CPU: torch has it for GPUs only"


SWITCHES: Mapping[str, Callable[[Setting], str | None]] = {
    "model.channels_last": _always,
    "model.compile": _always,
    "trainer.fused_optimizer": _fusing,
    "trainer.fused_attention": _attention,
    "trainer.benchmark": _cudnn,
    "model.grad_checkpointing": _always,
    "trainer.sync_batchnorm": _several_processes,
}
"""Keys of true or false, and what may keep each from being tried."""
