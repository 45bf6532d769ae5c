"""Whether this torch has kernels for the GPUs, and which precision suits them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from trashseg.types import ConfigError

BF16_FROM = (8, 0)
"""Ampere is the first architecture with bf16 units."""

VOLTA, TURING = (7, 0), (7, 5)


@dataclass(frozen=True)
class Card:
    """A GPU.

    Args:
        name: as the driver calls it.
        capability: its compute capability, for example (7, 0) for a V100.
    """

    name: str
    capability: tuple[int, int]

    @property
    def arch(self) -> str:
        """The architecture as torch's build names it: ``sm_70``."""
        return "sm_{}{}".format(*self.capability)


def check_devices(device_ids: Sequence[int], precision: str) -> str:
    """Return one line that names the devices of a run, torch's build and why the precision is what it is.

    Args:
        device_ids: the GPUs that the run uses, as torch numbers them; none for a CPU.
        precision: Lightning's, already chosen.

    Raises:
        ConfigError: torch has no kernels for one of them.
    """
    cards = [Card(torch.cuda.get_device_name(i), torch.cuda.get_device_capability(i)) for i in device_ids]
    archs = torch.cuda.get_arch_list() if cards else []
    for card in cards:
        check_kernels(card, archs)
    return device_line(cards, precision)


def check_kernels(card: Card, archs: Sequence[str]) -> None:
    """Refuse a card whose first kernel would end in "no kernel image is available".

    Raises:
        ConfigError: naming the torch to install.
    """
    if not has_kernels(card.capability, archs):
        raise ConfigError(
            f"{card.name} is of architecture {card.arch}, but torch {torch.__version__} has kernels for "
            f"{' '.join(archs)} only; {remedy(card.capability)}"
        )


def has_kernels(capability: tuple[int, int], archs: Sequence[str]) -> bool:
    """Whether a build for ``archs`` (``sm_75``, ``sm_90a``, ``compute_120``) runs on a card.

    Compiled kernels (sm) run on the same major architecture from their minor one on, PTX (compute) on every later
    card (CUDA C++ Programming Guide, "Application Compatibility").
    """
    for arch in archs:
        kind, major, minor = _parsed(arch)
        newer = capability >= (major, minor)
        if newer and (kind == "compute" or capability[0] == major):
            return True
    return False


def _parsed(arch: str) -> tuple[str, int, int]:
    kind, _, number = arch.partition("_")
    digits = re.sub(r"\D", "", number)
    return kind, int(digits[:-1]), int(digits[-1])


def remedy(capability: tuple[int, int]) -> str:
    """Return what to install for a card that this build leaves out."""
    if capability < VOLTA:
        return "no torch that trashseg runs on has any for it: use trainer=cpu."
    if capability < TURING:
        return "install torch 2.10, the last with them: make setup CONSTRAINTS=constraints-v100.txt (torch==2.10.0)."
    return "install a torch built for it: pip install -U torch torchvision."


def device_line(cards: Sequence[Card], precision: str) -> str:
    """Return the line of :func:`check_devices`."""
    if not cards:
        return f"device: CPU; precision {precision}"
    first = cards[0]
    many = f"{len(cards)} x " if len(cards) > 1 else ""
    return f"device: {many}{first.name} ({first.arch}); precision {precision}{precision_reason(first, precision)}"


def precision_reason(card: Card, precision: str) -> str:
    """Return why ``precision`` suits ``card``, or what would suit it better; nothing where there is nothing to say."""
    has_bf16 = card.capability >= BF16_FROM
    if precision.startswith("bf16"):
        return ": the range of fp32 at half the memory" if has_bf16 else ": emulated here, 16-mixed is faster"
    if precision.startswith("16"):
        return ": bf16-mixed needs no loss scaling here" if has_bf16 else ": this card has no bf16 units"
    return ""
