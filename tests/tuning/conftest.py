"""A training whose network has a thousandth of a usual one's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import DictConfig

TINY = [
    "model=unet_lite0", "model.encoder_name=tu-test_resnet.r160_in1k", "+model.options.decoder_channels=[16,16,8,8,8]",
    "data.image_size=64", "data.batch_size=4", "trainer=cpu", "optim.schedule.warmup=0", "run_dir=r",
]  # fmt: skip


@pytest.fixture
def tiny(composed: Callable[..., Any]) -> Callable[..., DictConfig]:
    """Compose the verb's config with a tiny network and further overrides."""

    def make(*overrides: str) -> DictConfig:
        cfg: DictConfig = composed("tune_speed", *TINY, *overrides)
        return cfg

    return make
