"""A trained network from its file alone: config, classes, strict weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_object

from trashseg.build import without_start
from trashseg.config import instantiate
from trashseg.models.contract import SegmentationNet
from trashseg.types import CheckpointError, ClassTable, ConfigError

PACKAGE = "trashseg."
OTHER_FILE = "give another file, such as ckpt_path=RUN/checkpoints/best.ckpt."


@dataclass(frozen=True)
class Training:
    """What a checkpoint says of its training run.

    Args:
        path: the file.
        table: the classes that the network predicts.
        config: the resolved config of the run, plain containers.
    """

    path: Path
    table: ClassTable
    config: dict[str, Any]


@dataclass(frozen=True)
class Trained(Training):
    """A training run with its network.

    Args:
        net: in eval mode, with its weights.
    """

    net: SegmentationNet


def read_training(path: Path) -> Training:
    """Return what a checkpoint says, without building its network.

    Raises:
        CheckpointError: the file is missing, damaged, or not a checkpoint of trashseg.
    """
    content = read_checkpoint(path)
    return Training(path, _table(content["classes"], path), content["config"])


def load_trained(path: Path) -> Trained:
    """Rebuild a trained network without network access; every tensor must fit.

    Raises:
        CheckpointError: the file is missing, damaged, not ours, unsafe, or does not fit its own config.
    """
    content = read_checkpoint(path)
    config = content["config"]
    table = _table(content["classes"], path)
    net = _build(config["model"], len(table), path)
    prefix = "net."
    state = {
        name.removeprefix(prefix): value for name, value in content["state_dict"].items() if name.startswith(prefix)
    }
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path}: the weights do not fit the network of their own config: {reason}") from error
    return Trained(path, table, config, net.eval())


def _table(classes: dict[str, Any], path: Path) -> ClassTable:
    """Return the class table of a checkpoint."""
    try:
        return ClassTable.from_mapping(classes)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its class table is damaged ({error}); {OTHER_FILE}") from error


def _build(model: dict[str, Any], num_classes: int, path: Path) -> SegmentationNet:
    """Build the network of a checkpoint with random weights."""
    check_targets(model, path)
    # Not compiled, whatever training did: that takes longer than most evaluations last.
    net = instantiate(without_start(model), "model", num_classes=num_classes)
    if not isinstance(net, SegmentationNet):
        raise CheckpointError(f"{path}: its model is a {type(net).__name__}, which is no network; {OTHER_FILE}")
    return net


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the raw content without running any code from the file.

    Raises:
        CheckpointError: the file is missing, damaged, or not a checkpoint of trashseg.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; give ckpt_path=RUN/checkpoints/best.ckpt.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    # The unpickler raises whatever damaged bytes lead it to: KeyError, IndexError, UnpicklingError, ...
    except Exception as error:
        raise CheckpointError(
            f"{path} cannot be read: it is damaged or holds more than weights and values; {OTHER_FILE}"
        ) from error
    if not _is_ours(content):
        raise CheckpointError(
            f"{path} is not a checkpoint of trashseg train: it lacks its weights, config or classes; {OTHER_FILE}"
        )
    return dict(content)


def _is_ours(content: Any) -> bool:
    """Say whether a file's content has the form that the callback CarryConfig gives it."""
    if not isinstance(content, Mapping):
        return False
    parts = [content.get(name) for name in ("state_dict", "config", "classes")]
    if not all(isinstance(part, Mapping) and all(isinstance(key, str) for key in part) for part in parts):
        return False
    return all(isinstance(content["config"].get(group), Mapping) for group in ("model", "data"))


def check_targets(node: Any, path: Path) -> None:
    """Refuse a config whose ``_target_`` is anything but a class of this package.

    A config in a file is code once it is instantiated; a dotted path could reach ``os.system`` through any module,
    and an interpolation could make a target out of a harmless string. A saved config is resolved and needs none.

    Raises:
        CheckpointError: naming the target.
    """
    for key, text in _walk(node):
        if "${" in text:
            raise CheckpointError(f"{path} holds the interpolation {text!r} in its config; do not trust this file.")
        if key == "_target_":
            _check_target(text, path)


def _check_target(target: str, path: Path) -> None:
    allowed = target.startswith(PACKAGE)
    if allowed:
        try:
            found = get_object(target)
        except (ImportError, AttributeError, ValueError) as error:
            raise CheckpointError(f"{path} needs {target}, which this version of trashseg does not have.") from error
        allowed = isinstance(found, type) and found.__module__.startswith(PACKAGE)
    if not allowed:
        raise CheckpointError(f"{path} asks for {target}, which is no class of trashseg; do not trust this file.")


def _walk(node: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, text) of every string inside ``node``; keys themselves come with an empty key."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield "", str(key)
            if isinstance(value, str) or key == "_target_":
                yield str(key), str(value)
            else:
                yield from _walk(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _walk(value) if not isinstance(value, str) else [("", value)]


RESUME_GROUPS = ("model", "optim", "loss")
"""What must be the same for a run to go on where another stopped."""

START_KEYS = ("model.pretrained", "model.weights")
"""What only says where a run begins: a resumed one takes all its weights from the checkpoint."""

LOOKED_UP = ("model.config", "model.mean", "model.std")
"""What a network may have found out by itself: null in the command line, its value in the checkpoint."""


def check_resume(path: Path, config: Mapping[str, Any], table: ClassTable) -> None:
    """Refuse to resume from a run whose classes, network, optimiser or loss are others.

    Raises:
        CheckpointError: naming the first difference and what to type.
    """
    content = read_checkpoint(path)
    names = _table(content["classes"], path).names
    if names != table.names:
        raise CheckpointError(f"{path} predicts {', '.join(names)}; the data set has {', '.join(table.names)}.")
    before = content["config"]
    for group in RESUME_GROUPS:
        for key, old, new in _differences(before.get(group), config.get(group), group):
            if key in START_KEYS or (new is None and key in LOOKED_UP):
                continue
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
        return Path(str(ckpt_path)).expanduser()
    name = f"{ckpt_path}.ckpt"
    own = run_dir / "checkpoints" / name
    if own.is_file():
        return own
    runs = run_dir.parent.parent / "train"
    found = [*runs.glob(f"*/checkpoints/{name}"), *run_dir.parent.glob(f"*/checkpoints/{name}")]
    if not found:
        raise CheckpointError(f"ckpt_path={ckpt_path}: there is no {name} in {run_dir} nor in {runs}/*; give its path.")
    return max(found, key=lambda path: path.stat().st_mtime)
