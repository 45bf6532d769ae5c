"""A trained network from its file alone: config, classes, strict weights."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_object

from trashseg.build import instantiate
from trashseg.models.contract import SegmentationNet
from trashseg.types import CheckpointError, ClassTable

PACKAGE = "trashseg."


@dataclass(frozen=True)
class Trained:
    """What a checkpoint holds.

    Args:
        path: the file.
        net: the network in eval mode, with its weights.
        table: the classes it predicts.
        config: the resolved config of its training run, plain containers.
    """

    path: Path
    net: SegmentationNet
    table: ClassTable
    config: dict[str, Any]


def load_trained(path: Path) -> Trained:
    """Rebuild a trained network without network access; every tensor must fit.

    Raises:
        CheckpointError: the file is missing, damaged, not ours, unsafe, or does not fit its own config.
    """
    content = read_checkpoint(path)
    config, classes = content["config"], content["classes"]
    check_targets(config["model"], path)
    # The weights are in the file: nothing is to be fetched.
    model = {**config["model"], "pretrained": False, "weights": None}
    table = ClassTable.from_mapping(classes)
    net = instantiate(model, "model", num_classes=len(table))
    prefix = "net."
    state = {
        name.removeprefix(prefix): value for name, value in content["state_dict"].items() if name.startswith(prefix)
    }
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path}: the weights do not fit the network of their own config: {reason}") from error
    return Trained(path, net.eval(), table, config)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the raw content without running any code from the file.

    Raises:
        CheckpointError: the file is missing, damaged, or not a checkpoint of trashseg.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; give ckpt_path=RUN/checkpoints/best.ckpt.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: it is damaged or holds more than weights and values.") from error
    wanted = {"state_dict", "config", "classes"}
    if not isinstance(content, dict) or not wanted <= content.keys():
        raise CheckpointError(f"{path} is not a checkpoint of trashseg train: it lacks its config and classes.")
    return content


def check_targets(node: Any, path: Path) -> None:
    """Refuse a config whose ``_target_`` is anything but a class of this package.

    A config in a file is code once it is instantiated; a dotted path could reach ``os.system`` through any module.

    Raises:
        CheckpointError: naming the target.
    """
    for target in _targets(node):
        allowed = target.startswith(PACKAGE)
        if allowed:
            try:
                found = get_object(target)
            except (ImportError, AttributeError, ValueError) as error:
                raise CheckpointError(
                    f"{path} needs {target}, which this version of trashseg does not have."
                ) from error
            allowed = isinstance(found, type) and found.__module__.startswith(PACKAGE)
        if not allowed:
            raise CheckpointError(f"{path} asks for {target}, which is no class of trashseg; do not trust this file.")


def _targets(node: Any) -> Iterator[str]:
    """Yield every ``_target_`` inside ``node``."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _targets(value)


RESUME_GROUPS = ("model", "optim", "loss")
"""What must be the same for a run to go on where another stopped."""


def check_resume(path: Path, config: Mapping[str, Any]) -> None:
    """Refuse to resume from a run whose network, optimiser or loss is another one.

    Raises:
        CheckpointError: naming the first difference and what to type.
    """
    before = read_checkpoint(path)["config"]
    for group in RESUME_GROUPS:
        for key, old, new in _differences(before.get(group), config.get(group), group):
            raise CheckpointError(
                f"{path} was trained with {key}={old}, this run asks for {key}={new}; repeat the first command's "
                f"options to resume, or give model.weights={path} to start a new run from its weights."
            )


def _differences(old: Any, new: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (key, old, new) where two plain configs differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}")
    elif old != new:
        yield key, old, new


def find_checkpoint(ckpt_path: str, run_dir: Path) -> Path:
    """Return the file that ``ckpt_path`` names; ``best`` and ``last`` stand for those of the newest training run.

    Args:
        ckpt_path: a path, ``best`` or ``last``.
        run_dir: this run's folder, ``.../VERB/DATE_TIME``; its own checkpoints come first, then those of its siblings
            under ``train``.

    Raises:
        CheckpointError: nothing is there.
    """
    if ckpt_path not in ("best", "last"):
        return Path(ckpt_path).expanduser()
    name = f"{ckpt_path}.ckpt"
    own = run_dir / "checkpoints" / name
    if own.is_file():
        return own
    runs = run_dir.parent.parent / "train"
    found = [*runs.glob(f"*/checkpoints/{name}"), *run_dir.parent.glob(f"*/checkpoints/{name}")]
    if not found:
        raise CheckpointError(f"ckpt_path={ckpt_path}: there is no {name} in {run_dir} nor in {runs}/*; give its path.")
    return max(found, key=lambda path: path.stat().st_mtime)
