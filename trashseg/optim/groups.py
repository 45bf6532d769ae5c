"""Parameter groups: which parameters decay, and how fast the backbone and its layers learn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import nn

from trashseg.types import ConfigError

NO_DECAY = ("relative_position_bias_table", "pos_embed", "cls_token", "dist_token", "reg_token", "mask_token")
"""Parts of the names of parameters with two or more axes that are positions or tokens, not weights."""

_BACKBONE_PREFIXES = ("encoder.", "backbone.")
_NUMBERED = re.compile(r"\d+$")


def parameter_groups(
    net: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    backbone_lr_mult: float = 1.0,
    layer_decay: float | None = None,
    no_decay: Sequence[str] = NO_DECAY,
) -> list[dict[str, Any]]:
    """Sort the trainable parameters of ``net`` into as few groups as their settings need.

    Biases, norms and every other parameter with fewer than two axes do not decay, nor do those with a part of
    ``no_decay`` in their name. Frozen parameters are in no group. With ``layer_decay`` the learning rate of the
    backbone's block number b of B (from 1) is ``lr * backbone_lr_mult * layer_decay ** (B + 1 - b)``, as in BEiT
    (Bao et al. 2021); the stem counts as b = 0, and parameters between blocks go with the block before them.

    Args:
        net: the network; ``net.backbone_prefixes``, where there is one, says which names are the backbone
            (default ``encoder.`` and ``backbone.``), matched at the start or after a dot.
        lr: learning rate of all that is not backbone.
        weight_decay: of the parameters that decay.
        backbone_lr_mult: factor of the backbone's learning rate.
        layer_decay: factor a block away from the head, in (0, 1]; None for none.
        no_decay: parts of parameter names.

    Returns:
        Groups for an optimiser, each with ``params``, ``lr``, ``weight_decay`` and a ``name`` of its own, in the
        order in which the network registers them.

    Raises:
        ConfigError: nothing is trainable, or ``layer_decay`` is set and the backbone has no numbered blocks.
    """
    named = [(name, param) for name, param in net.named_parameters() if param.requires_grad]
    if not named:
        raise ConfigError("the network has no trainable parameter; unfreeze some, or do not train it.")
    distances = _distances(net) if layer_decay is not None else None
    in_backbone = _backbone_pattern(net)
    uniform = backbone_lr_mult == 1.0 and distances is None
    groups: dict[str, dict[str, Any]] = {}
    for name, param in named:
        backbone = in_backbone.search(name) is not None
        scale = backbone_lr_mult if backbone else 1.0
        part = "net" if uniform else "backbone" if backbone else "head"
        if backbone and distances is not None and layer_decay is not None:
            scale *= layer_decay ** distances[name]
            part = f"backbone.{max(distances.values()) - distances[name]:02d}"
        decays = param.ndim > 1 and not any(word in name for word in no_decay)
        label = part if decays or weight_decay == 0 else f"{part}.no_decay"
        settings = {"name": label, "lr": lr * scale, "weight_decay": weight_decay if decays else 0.0}
        groups.setdefault(label, {"params": [], **settings})["params"].append(param)
    return list(groups.values())


def _backbone_pattern(net: nn.Module) -> re.Pattern[str]:
    """Return a pattern that finds the backbone's prefix in a parameter's name, at a dotted boundary."""
    prefixes: Sequence[str] = getattr(net, "backbone_prefixes", _BACKBONE_PREFIXES)
    return re.compile(r"(?:^|\.)(?:" + "|".join(re.escape(prefix) for prefix in prefixes) + ")")


def _distances(net: nn.Module) -> dict[str, int]:
    """Return how many blocks each backbone parameter lies from the head; the last block is 1 away.

    Raises:
        ConfigError: there is no backbone, or it has no numbered blocks.
    """
    in_backbone = _backbone_pattern(net)
    blocks = _blocks(net)
    depths: dict[str, int] = {}
    seen: dict[str, int] = {}
    depth = 0
    for name, _ in net.named_parameters():
        if in_backbone.search(name):
            block = _innermost(name, blocks)
            if block is not None:
                depth = seen.setdefault(block, len(seen) + 1)
            depths[name] = depth
    if not seen:
        raise ConfigError(
            "optim.layer_decay needs a backbone of numbered blocks, and this network shows none; "
            "type optim.layer_decay=null, or use optim.backbone_lr_mult instead."
        )
    return {name: len(seen) + 1 - depth for name, depth in depths.items()}


def _blocks(net: nn.Module) -> set[str]:
    """Return the names of the modules that are blocks: composite and numbered, as are all their siblings.

    The siblings keep out the layers of one block (``conv1, bn1, conv2``, a Sequential of convolution and norm)
    whatever the library calls its blocks (``layer1.0``, ``stages_1.blocks.0``, ``s1.b1``, ``blocks.0.0``). Stages,
    which hold blocks themselves, are none.
    """
    blocks: set[str] = set()
    for name, module in net.named_modules():
        children = dict(module.named_children())
        if children and all(_NUMBERED.search(key) and any(True for _ in c.children()) for key, c in children.items()):
            blocks.update(f"{name}.{key}" if name else key for key in children)
    return blocks - {outer for block in blocks if (outer := _innermost(block, blocks)) is not None}


def _innermost(name: str, blocks: set[str]) -> str | None:
    """Return the longest dotted prefix of ``name``, itself left out, that is a block, or None."""
    parts = name.split(".")
    prefixes = (".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))
    return next((prefix for prefix in prefixes if prefix in blocks), None)
