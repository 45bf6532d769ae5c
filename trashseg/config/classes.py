"""The competition's classes."""

from __future__ import annotations

from omegaconf import OmegaConf

from trashseg.config.paths import conf_dir
from trashseg.types import ClassTable


def trash_table() -> ClassTable:
    """Return the ten materials and the background, in the order of their ids in every submission."""
    content = OmegaConf.to_container(OmegaConf.load(conf_dir() / "data" / "classes" / "trash11.yaml"))
    assert isinstance(content, dict)
    return ClassTable.from_mapping({str(name): spec for name, spec in content.items()})
