"""Objects from config nodes."""

from __future__ import annotations

import warnings
from typing import Any

import hydra
from hydra.errors import InstantiationException

from trashseg.types import ConfigError, TrashsegError


def instantiate(node: Any, where: str, **extra: Any) -> Any:
    """Call ``hydra.utils.instantiate`` on a config node; a mistake in it becomes a :class:`ConfigError`.

    Args:
        node: a config node or a plain mapping.
        where: the node's name, for messages.
        extra: keywords beside the node's own.

    Raises:
        TrashsegError: the built object refused its arguments, or does not know one of them.
    """
    try:
        with warnings.catch_warnings():
            # albumentations passes over arguments that it does not know; a typo must not be silent.
            warnings.filterwarnings("error", message=r".*not valid for transform.*")
            return hydra.utils.instantiate(node, _convert_="all", **extra)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, TrashsegError):
            raise cause from None
        if isinstance(cause, TypeError | ValueError | ImportError | AttributeError | Warning) or cause is None:
            reason = " ".join(str(cause or error).split())
            raise ConfigError(f"{where}: {reason[:400]}") from error
        raise
