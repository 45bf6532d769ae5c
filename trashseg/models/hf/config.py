"""What a network of transformers is built from: its config, out of a yaml file, a folder or the hub."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD
from trashseg.models.hf.library import require_transformers
from trashseg.models.hub import hub_file
from trashseg.types import ConfigError, WeightsError, did_you_mean

CONFIG_NAME = "config.json"
PROCESSOR_NAME = "preprocessor_config.json"

NOT_ARCHITECTURE = (
    "_name_or_path", "architectures", "dtype", "id2label", "label2id", "num_labels", "output_attentions",
    "output_hidden_states", "problem_type", "return_dict", "torch_dtype", "transformers_version",
)  # fmt: skip
"""Entries of a published config that say nothing of the network that we build."""


def make_config(
    given: Mapping[str, Any], num_classes: int, allowed: Collection[str], *, check_names: bool = True
) -> Any:
    """Return the transformers config that ``given`` describes, with ``num_classes`` labels.

    Args:
        given: ``model_type`` and its entries, as in a published config.json; the class names in it are left out.
        num_classes: K, background included.
        allowed: the model types that the network can wrap.
        check_names: refuse entries that the model type does not know; published files have old ones.

    Raises:
        ConfigError: an unknown model type or entry, or values that transformers refuses.
    """
    transformers = require_transformers()
    entries = {key: value for key, value in given.items() if key not in NOT_ARCHITECTURE}
    model_type = entries.pop("model_type", None)
    if model_type not in allowed:
        exists = model_type in transformers.CONFIG_MAPPING
        help_ = f"Available: {', '.join(sorted(allowed))}." if exists else did_you_mean(str(model_type), allowed)
        raise ConfigError(f"model.config.model_type={model_type} cannot be used here. {help_}")
    if check_names:
        _check_names(transformers, str(model_type), entries, "model.config")
    try:
        return transformers.AutoConfig.for_model(model_type, **entries, num_labels=num_classes)
    except Exception as error:  # its checks of values raise kinds of their own
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise ConfigError(f"model.config of a {model_type}: {reason}") from error


def _check_names(transformers: Any, model_type: str, entries: Mapping[str, Any], where: str) -> None:
    """Refuse entries that the config class of ``model_type`` does not declare: it would take them without a word."""
    known = _known(transformers, model_type)
    for key, value in entries.items():
        if key not in known:
            help_ = did_you_mean(key, known)
            raise ConfigError(f"{where}.{key} is not an entry of a {model_type}. {help_}")
        if key == "backbone_config" and isinstance(value, Mapping):
            _check_backbone(transformers, value, f"{where}.{key}")


def _check_backbone(transformers: Any, entries: Mapping[str, Any], where: str) -> None:
    model_type = str(entries.get("model_type"))
    if model_type not in transformers.CONFIG_MAPPING:
        backbones = transformers.models.auto.modeling_auto.MODEL_FOR_BACKBONE_MAPPING_NAMES
        raise ConfigError(f"{where}.model_type={model_type} does not exist. {did_you_mean(model_type, backbones)}")
    inner = {name: content for name, content in entries.items() if name != "model_type"}
    _check_names(transformers, model_type, inner, where)


def _known(transformers: Any, model_type: str) -> set[str]:
    """Return the entries that describe a network of ``model_type``."""
    kind = transformers.CONFIG_MAPPING[model_type]
    names = {*inspect.signature(kind.__init__).parameters, *kind.attribute_map, "out_features", "out_indices"}
    return {name for name in names if not name.startswith("_")} - {"self", *NOT_ARCHITECTURE}


def entries_of(config: Any) -> dict[str, Any]:
    """Return the entries from which :func:`make_config` makes ``config`` again, defaults included; plain values."""

    def chosen(entries: Mapping[str, Any]) -> dict[str, Any]:
        known = {"model_type", *_known(require_transformers(), entries["model_type"])}
        kept = {key: value for key, value in entries.items() if key in known}
        backbone = kept.get("backbone_config")
        return {**kept, "backbone_config": chosen(backbone)} if backbone else kept

    plain: dict[str, Any] = json.loads(json.dumps(chosen(config.to_dict())))
    return plain


def published_config(repository: str | None, weights: str | None) -> dict[str, Any]:
    """Return the config.json beside local ``weights``, or of a ``repository``: a folder, or one of the hub.

    Raises:
        ConfigError: neither is given.
        WeightsError: the file cannot be had or read.
    """
    return _read(_published(repository, weights, CONFIG_NAME))


def published_statistics(repository: str | None, weights: str | None) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of the published preprocessing; ImageNet's where there is none."""
    try:
        content = _read(_published(repository, weights, PROCESSOR_NAME))
    except WeightsError:
        content = {}
    mean, std = content.get("image_mean") or IMAGENET_MEAN, content.get("image_std") or IMAGENET_STD
    return [float(value) for value in mean], [float(value) for value in std]


def _published(repository: str | None, weights: str | None, filename: str) -> Path:
    for place in (weights, repository):
        if place is not None and Path(place).expanduser().is_dir():
            return Path(place).expanduser() / filename
    if repository is None:
        raise ConfigError("model.config is null: give model.repository=OWNER/NAME, a folder, or model.config itself.")
    return hub_file(repository, repository, filenames=[filename])


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read: {error}; a folder of the hub's form holds it.") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds no mapping; a folder of the hub's form has one.")
    return content
