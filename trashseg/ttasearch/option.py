"""Options of the group ``tta`` that name their views one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from trashseg.tta import TTA, View
from trashseg.types import ConfigError

_LISTS = ("scales", "flips", "rotations", "crops", "views")


def explicit(node: Mapping[str, Any], views: Mapping[str, View]) -> dict[str, Any]:
    """Return the config of a TTA with ``views`` in place of those that ``node`` has."""
    kept = {key: value for key, value in node.items() if key not in _LISTS}
    return kept | {"views": {name: view.to_mapping() for name, view in views.items()}}


def with_plain(node: Mapping[str, Any], tta: TTA) -> dict[str, Any]:
    """Return the config of ``tta`` with the plain view among its views, which all others are compared with.

    Raises:
        ConfigError: another view has its name.
    """
    views = dict(tta.views)
    if not any(is_plain(view) for view in views.values()):
        if "plain" in views:
            raise ConfigError("tta.views.plain is another view than the plain one; give it another name.")
        views = {"plain": View(), **views}
    return explicit(node, views)


def is_plain(view: View) -> bool:
    """Say whether ``view`` is the image as it is."""
    return view.look == View().look


def option_text(node: Mapping[str, Any], note: str) -> str:
    """Return the text of a YAML file with ``note`` as a comment on top."""
    return f"# {note}\n{OmegaConf.to_yaml(dict(node))}"
