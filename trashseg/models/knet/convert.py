"""Weights of mmsegmentation, timm and Microsoft's Swin under our names, and loading that leaves nothing out."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from trashseg.models.hub import SCRATCH_HINT
from trashseg.types import WeightsError

log = logging.getLogger(__name__)

State = Mapping[str, torch.Tensor]

GENERATE = "decode_head.kernel_generate_head."
CLASS_HEADS = (f"{GENERATE}conv_seg.", "auxiliary_head.conv_seg.")
"""The parameters whose shape depends on the number of classes."""

_COMPUTED = ("num_batches_tracked", "relative_position_index")
"""Buffers that a file may lack: they follow from the network, or count what nothing reads."""

_SWIN_NAMES = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^layers\.", "stages."),
    (r"\.attn\.(?=qkv|proj|relative)", ".attn.w_msa."),
    (r"\.mlp\.fc1\.", ".ffn.layers.0.0."),
    (r"\.mlp\.fc2\.", ".ffn.layers.1."),
)
_SWIN_UNUSED = re.compile(r"^head\.|^norm\.|attn_mask$|relative_position_index$")


def is_network(state: State) -> bool:
    """Say whether ``state`` is of a whole network with its decode head rather than of a backbone alone."""
    return any(re.match(r"(net\.)?decode_head\.", name) for name in state)


def network_state(state: State) -> dict[str, torch.Tensor]:
    """Return a whole network's weights under our names, which are mmsegmentation's for K-Net.

    mmsegmentation 0.x and 1.x name K-Net alike. Its heads without kernel updates (UPerNet, FCN, PSPNet, DeepLabV3)
    are our generate heads, one level up. Checkpoints of ``trashseg train`` carry ``net.`` before each name.
    """
    own = {name.removeprefix("net."): value for name, value in state.items() if name.startswith("net.")}
    found = own or {name: value for name, value in state.items() if not name.startswith("data_preprocessor.")}
    if any(name.startswith(GENERATE) for name in found):
        return found
    return {re.sub(r"^decode_head\.", GENERATE, name): value for name, value in found.items()}


def load_network(net: nn.Module, state: State, what: str, *, resize_head: bool) -> None:
    """Load a whole network; every tensor of either side must have its match.

    Args:
        net: with mmsegmentation's names, see :func:`network_state`.
        state: as it is in the file.
        what: names the file in messages.
        resize_head: the class heads may have another number of classes; they then keep their random values.

    Raises:
        WeightsError: the first differences, or the two numbers of classes.
    """
    found, own = network_state(state), net.state_dict()
    wrong = differences(own, found)
    heads = {name for name in wrong if name.startswith(CLASS_HEADS) and name in own and name in found}
    if heads and heads == set(wrong) and not resize_head:
        name = sorted(heads)[0]
        raise WeightsError(
            f"{what} is for {len(found[name])} classes, this run has {len(own[name])}; model.resize_head=true takes "
            "the rest of it and starts the class heads from random values."
        )
    refuse({name: text for name, text in wrong.items() if not (resize_head and name in heads)}, what, len(own))
    net.load_state_dict({name: value for name, value in found.items() if name not in heads}, strict=False)
    if heads:
        log.info("%s: %d tensors of the class heads start from random values", what, len(heads))


def load_backbone(backbone: nn.Module, converted: State, what: str) -> None:
    """Load a backbone's weights, converted to its names; every tensor of either side must have its match.

    Raises:
        WeightsError: the first differences.
    """
    refuse(differences(backbone.state_dict(), converted), what, len(backbone.state_dict()))
    backbone.load_state_dict(dict(converted), strict=False)


def differences(own: State, found: State) -> dict[str, str]:
    """Return a line for each name that only one side has or whose shapes differ, computed buffers left out."""
    lines = {}
    for name in [*own, *(name for name in found if name not in own)]:
        if name not in found:
            lines[name] = f"{name}: missing"
        elif name not in own:
            lines[name] = f"{name}: not in this network"
        elif own[name].shape != found[name].shape:
            lines[name] = f"{name}: {tuple(found[name].shape)} instead of {tuple(own[name].shape)}"
    return {
        name: line for name, line in lines.items() if (name in own and name in found) or not name.endswith(_COMPUTED)
    }


def refuse(wrong: Mapping[str, str], what: str, num_tensors: int) -> None:
    """Raise where something is wrong.

    Raises:
        WeightsError: naming the first four differences.
    """
    if wrong:
        first = "; ".join(list(wrong.values())[:4])
        raise WeightsError(
            f"{what} does not fit: {first} ({len(wrong)} of {num_tensors} tensors differ); {SCRATCH_HINT}."
        )


def swin_from_timm(state: State, own: State) -> dict[str, torch.Tensor]:
    """Return timm's or Microsoft's Swin weights under mmsegmentation's names and in its order.

    timm has the step to half the size at the beginning of the next stage, Microsoft at the end of its own. Both
    merge four pixels as (column, row, channel), mmsegmentation as (channel, row, column). Bias tables of another
    window size are resized bicubically, as mmsegmentation does. Weights with mmsegmentation's names pass as they are.

    Args:
        state: as published, with or without the classifier.
        own: gives the shapes of the bias tables.
    """
    if "patch_embed.projection.weight" in state:
        named = {name: value for name, value in state.items() if not _SWIN_UNUSED.search(name)}
    else:
        late = "layers.0.downsample.norm.weight" in state
        named = {}
        for name, value in state.items():
            if not _SWIN_UNUSED.search(name):
                named[_swin_name(name, late=late)] = _merge_order(value) if ".downsample." in name else value
    for name, value in named.items():
        if name.endswith("bias_table") and name in own and len(own[name]) != len(value):
            named[name] = _resize_table(value, len(own[name]))
    return named


def _swin_name(name: str, *, late: bool) -> str:
    if not late:
        name = re.sub(r"^layers\.(\d+)\.downsample\.", lambda hit: f"layers.{int(hit[1]) - 1}.downsample.", name)
    for pattern, new in _SWIN_NAMES:
        name = re.sub(pattern, new, name)
    return name


def _merge_order(value: torch.Tensor) -> torch.Tensor:
    """Turn the last axis from (column, row, channel) to (channel, row, column)."""
    parts = value.reshape(*value.shape[:-1], 2, 2, -1)
    return parts.transpose(-1, -3).reshape(value.shape)


def _resize_table(table: torch.Tensor, length: int) -> torch.Tensor:
    """Return a bias table (L, heads), a square of offsets, as one of another (length, heads)."""
    before, after = round(len(table) ** 0.5), round(length**0.5)
    square = table.float().T.reshape(1, -1, before, before)
    resized = functional.interpolate(square, (after, after), mode="bicubic", align_corners=False)
    return resized.reshape(-1, length).T.to(table.dtype)


def resnet_from_timm(state: State) -> dict[str, torch.Tensor]:
    """Return timm's ``resnet50c`` weights under mmsegmentation's names: the stem's numbering is all that differs."""
    named = {}
    for name, value in state.items():
        if not name.startswith("fc."):
            named[re.sub(r"^bn1\.", "stem.7.", re.sub(r"^conv1\.(?=\d)", "stem.", name))] = value
    return named
