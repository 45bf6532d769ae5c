"""The table of networks: figures that can be worked out by hand, and what a failing network leaves of the table."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from trashseg.inventory import Measured, heading, in_child, measure_network, row, write_tables
from trashseg.inventory.measure import _gflops, _kept_mb
from trashseg.models.__main__ import choose
from trashseg.models.contract import SegmentationNet
from trashseg.types import ConfigError

SIZE = 32
CONFIG = {
    "_target_": "trashseg.models.smp.SMPNet", "arch": "Unet", "encoder_name": "tu-test_resnet.r160_in1k",
    "pretrained": False, "options": {"decoder_channels": [8, 8, 8, 8, 8]},
}  # fmt: skip


class OneConv(SegmentationNet):
    def __init__(self) -> None:
        super().__init__((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), multiple=1)
        self.conv = torch.nn.Conv2d(3, 5, 3, padding=1)
        self.conv.bias.requires_grad_(False)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def test_arithmetic_of_one_convolution() -> None:
    net = OneConv()
    assert _gflops(net, torch.rand(1, 3, SIZE, SIZE)) * 1e9 == pytest.approx(2 * 3 * 5 * 9 * SIZE * SIZE)
    assert [parameter.requires_grad for parameter in net.parameters()] == [True, False], "training is as before"


def test_what_one_convolution_keeps_for_the_backward_pass_is_its_input() -> None:
    assert _kept_mb(OneConv(), SIZE) == pytest.approx(3 * SIZE * SIZE * 4 / 2**20)


def test_a_whole_network() -> None:
    measured = in_child(measure_network, CONFIG, 11, 64)
    assert measured.params == sum(p.numel() for p in _unet().parameters())
    assert measured.seconds > 0
    assert measured.channels_last > 0
    assert measured.train_mb > 0
    assert measured.memory_mb is None or measured.memory_mb > 0


def _unet() -> torch.nn.Module:
    import segmentation_models_pytorch as smp

    return smp.Unet("tu-test_resnet", encoder_weights=None, classes=11, decoder_channels=[8] * 5)


def test_the_table_on_the_screen_and_in_files(tmp_path: Path) -> None:
    measured = Measured(5_245_643, 6.04, 0.487, 1.41, 163.2, 146.0, None)
    line = row("unet_lite0", measured)
    assert len(line) == len(heading())
    assert line.split() == ["unet_lite0", "5.2", "6.0", "487", "1.41", "163", "146", "-"]
    paths = write_tables({"unet_lite0": measured}, {"size": 512}, tmp_path)
    content = json.loads(paths[0].read_text())
    assert content["size"] == 512
    assert content["models"]["unet_lite0"]["params"] == 5_245_643
    assert "| unet_lite0 | 5.2 | 6.0 | 487 | 1.41 | 163 | 146 | - |" in paths[1].read_text()


def test_an_error_in_the_child_comes_back() -> None:
    with pytest.raises(ConfigError, match="FPNN"):
        in_child(measure_network, {**CONFIG, "arch": "FPNN"}, 11, 64)


def kill_yourself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_child_is_told() -> None:
    with pytest.raises(MemoryError, match="-9"):
        in_child(kill_yourself)


def test_names_are_those_of_the_folder() -> None:
    cfg = OmegaConf.create({"model": None, "names": ["unet_lite0", "fcn_r50"]})
    assert list(choose(cfg)) == ["unet_lite0", "fcn_r50"]
    cfg.names = ["unet_lite"]
    with pytest.raises(ConfigError, match="unet_lite0"):
        choose(cfg)
    cfg.names = None
    assert "knet_upernet_swin_l" in choose(cfg)
    assert "hf" not in choose(cfg), "it names no network yet"
