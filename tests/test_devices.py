"""GPUs that this machine lacks, as torch would describe them."""

from __future__ import annotations

import pytest
import torch

from trashseg.devices import Card, check_devices, check_kernels, device_line, has_kernels
from trashseg.types import ConfigError

V100, T4, A100 = Card("Tesla V100", (7, 0)), Card("Tesla T4", (7, 5)), Card("A100", (8, 0))
NEW, OLD = Card("Next", (13, 0)), Card("GTX 1080", (6, 1))
TORCH_2_10 = ["sm_70", "sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]
TORCH_2_15 = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.mark.parametrize(
    ("capability", "archs", "fits"),
    [
        ((7, 0), TORCH_2_10, True),
        ((7, 0), TORCH_2_15, False),
        ((7, 5), TORCH_2_15, True),
        ((8, 9), TORCH_2_15, True),  # runs the kernels of 8.6
        ((9, 0), ["sm_90a"], True),
        ((12, 1), TORCH_2_15, True),
        ((13, 0), TORCH_2_15, False),
        ((13, 0), ["sm_75", "compute_120"], True),  # PTX, compiled when it is loaded
        ((7, 0), ["sm_75", "compute_80"], False),
        ((8, 0), ["sm_86"], False),
        ((8, 0), [], False),
    ],
)
def test_which_build_runs_on_which_card(capability: tuple[int, int], archs: list[str], fits: bool) -> None:
    assert has_kernels(capability, archs) == fits


@pytest.mark.parametrize(
    ("card", "words"),
    [(V100, "constraints-v100.txt"), (OLD, "trainer=cpu"), (NEW, "pip install -U torch")],
)
def test_a_card_without_kernels_says_what_to_install(card: Card, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_kernels(card, TORCH_2_15)
    assert words in str(caught.value)
    assert card.name in str(caught.value)
    assert card.arch in str(caught.value)
    check_kernels(A100, TORCH_2_15)


@pytest.mark.parametrize(
    ("cards", "precision", "line"),
    [
        ([], "32-true", "device: CPU; precision 32-true"),
        ([V100], "16-mixed", "device: Tesla V100 (sm_70); precision 16-mixed: this card has no bf16 units"),
        ([A100] * 4, "32-true", "device: 4 x A100 (sm_80); precision 32-true"),
    ],
)
def test_the_line_at_the_start(cards: list[Card], precision: str, line: str) -> None:
    assert device_line(cards, precision) == line


@pytest.mark.parametrize(
    ("card", "precision", "words"),
    [(V100, "bf16-mixed", "16-mixed is faster"), (A100, "bf16-mixed", "range"), (A100, "16-mixed", "bf16-mixed")],
)
def test_why_the_precision(card: Card, precision: str, words: str) -> None:
    assert words in device_line([card], precision).partition(precision)[2]


def test_the_cards_of_a_run_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = [A100, V100]
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: machine[i].name)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda i: machine[i].capability)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: TORCH_2_15)
    assert "A100" in check_devices([0], "bf16-mixed")
    with pytest.raises(ConfigError, match="V100"):
        check_devices([0, 1], "bf16-mixed")
    assert "CPU" in check_devices([], "32-true")
