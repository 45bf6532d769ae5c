"""Which class wins where several have the same number of votes."""

from __future__ import annotations

from collections.abc import Sequence

from trashseg.types import ConfigError, did_you_mean


def class_order(named: Sequence[str], classes: Sequence[str], key: str) -> list[int]:
    """Return the ids of all classes, those that are named first, in that order.

    Args:
        named: names of classes.
        classes: all names in the order of their ids.
        key: what the user typed them behind, for messages.

    Raises:
        ConfigError: a class does not exist.
    """
    for name in named:
        if name not in classes:
            raise ConfigError(f"{key} names {name}, which is no class. {did_you_mean(str(name), classes)}")
    return [list(classes).index(name) for name in [*named, *(name for name in classes if name not in named)]]
