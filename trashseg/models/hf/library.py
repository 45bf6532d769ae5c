"""The transformers library itself: loaded late, kept quiet, and asked for by name where it is missing."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Iterator
from typing import Any

from trashseg.types import ConfigError

OLDEST = (5, 23)
"""The first version with these names of layers and of the method that saves memory."""

INSTALL = "pip install 'trashseg[hf]'"


def require_transformers() -> Any:
    """Import and return the package ``transformers``.

    Raises:
        ConfigError: it, or scipy, which its matching needs, is not installed or too old.
    """
    try:
        importlib.import_module("scipy.optimize")
        transformers = importlib.import_module("transformers")
    except ImportError as error:
        raise ConfigError(f"this model needs the transformers package ({error}): {INSTALL}.") from error
    version = str(transformers.__version__)
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise ConfigError(f"this model needs transformers {OLDEST[0]}.{OLDEST[1]}, {version} is installed: {INSTALL}.")
    return transformers


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Within the block transformers draws no progress bars and prints no tables; what matters we say ourselves."""
    from transformers.utils import logging as theirs

    verbosity, bars = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    theirs.set_verbosity(logging.CRITICAL)
    theirs.disable_progress_bar()
    try:
        yield
    finally:
        theirs.set_verbosity(verbosity)
        if bars:
            theirs.enable_progress_bar()
