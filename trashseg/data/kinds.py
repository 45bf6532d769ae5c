"""The kinds of data sets, by the name that the key ``kind`` of a data config gives them.

Nothing here imports torch, so that the verbs that only look at data start at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from trashseg.data.generated import GeneratedSource
from trashseg.data.source import Source
from trashseg.types import ConfigError, did_you_mean

KINDS: Mapping[str, type[Source]] = {"files": Source, "generated": GeneratedSource}
"""Files that are there, and scenes that are generated on first use."""


def open_source(kind: str, **options: Any) -> Source:
    """Return the data set of this kind; ``options`` are the keywords of its class.

    Raises:
        ConfigError: there is no such kind, or an option has no such value.
    """
    return _class_of(kind)(**options)


def source_of(data: Mapping[str, Any]) -> Source:
    """Return the data set that a config's group ``data`` describes, without what loads it for a network.

    Raises:
        ConfigError: an option has no such value.
    """
    kind = data.get("kind", "files")
    known = {field.name for field in fields(_class_of(kind))}
    return open_source(kind, **{key: value for key, value in data.items() if key in known})


def _class_of(kind: str) -> type[Source]:
    if kind not in KINDS:
        raise ConfigError(f"data.kind={kind} does not exist. {did_you_mean(kind, KINDS)}")
    return KINDS[kind]
