"""What makes a network of conf/model small enough for the tests; whatever it leaves alone stays as the file has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from .tiny_hf import HF_TINY

CONF = Path(__file__).parents[2] / "conf/model"
MODELS = sorted(path.stem for path in CONF.glob("*.yaml"))

RESNET: dict[str, Any] = {"encoder_name": "tu-test_resnet"}
EFFICIENTNET: dict[str, Any] = {"encoder_name": "tu-test_efficientnet"}
SWIN: dict[str, Any] = {"backbone": {"embed_dims": 48, "depths": [1, 1, 2, 1], "num_heads": [3, 6, 12, 24]}}

TINY: dict[str, dict[str, Any]] = {
    **HF_TINY,
    "deeplabv3plus_effb7": EFFICIENTNET,
    "deeplabv3plus_r101": RESNET,
    "deeplabv3plus_xception65": RESNET,
    "dpt_dinov2": {"backbone": "test_vit", "head": {"channels": 16, "level_channels": [8, 8, 16, 16]}},
    "fpn_effb7_ns": EFFICIENTNET,
    "hrnet_w48_ocr": {"backbone": "hrnet_w18_small", "head": {"channels": 16, "key_channels": 8}},
    "knet_upernet_swin_l": SWIN,
    "knet_upernet_swin_t": SWIN,
    "light": {"backbone": "test_convnext", "head": {"channels": 16}},
    "pan_swin": {
        "encoder_name": "tu-swin_tiny_patch4_window7_224",
        "options": {"embed_dim": 24, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 3, 4], "img_size": 64},
    },
    "pspnet": RESNET,
    "smp": RESNET,
    "unet_effb7": EFFICIENTNET,
    "unet_regnet": {"encoder_name": "tu-regnety_002"},
    "unetpp": RESNET,
    "unetpp_effb5": EFFICIENTNET,
    "upernet_r101": {
        "backbone": {"depth": 18, "base_channels": 16, "stem_channels": 16},
        "generate_head": {"channels": 32},
        "aux_channels": 16,
    },
    "upernet_swin_l": SWIN,
    "vit_pyramid": {"backbone": "test_vit", "head": {"channels": 16, "aux_channels": 16}},
}
"""File name -> overrides. Their blocks are all alike, so that fewer and narrower ones show the same."""


def tiny_config(name: str) -> DictConfig:
    """The network of a file with random weights, at a size for tests."""
    cfg = OmegaConf.merge(OmegaConf.load(CONF / f"{name}.yaml"), {"pretrained": False}, TINY.get(name, {}))
    assert isinstance(cfg, DictConfig)
    return cfg
