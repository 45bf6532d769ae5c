"""Pairs that were found before among the same photographs, from the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trashseg.data.cache import cache_errors, key_of
from trashseg.data.groups.fingerprint import Fingerprints
from trashseg.data.groups.group import Pair
from trashseg.files import write_json

_FORMAT = 1
"""Raise it when the same fingerprints give other pairs."""


def remembered(
    cache_dir: Path,
    prints: Fingerprints,
    names: Sequence[str],
    options: Sequence[Any],
    find: Callable[[], list[Pair]],
) -> list[Pair]:
    """Return what ``find`` returns; the same photographs, names and options are looked at once.

    Args:
        cache_dir: folder of the caches.
        prints: of the photographs.
        names: of the photographs.
        options: all else that decides the pairs, plain JSON values.
        find: compares the photographs.

    Raises:
        DataError: the cache cannot be written, or what ``find`` raises.
    """
    key = key_of(_FORMAT, hashlib.sha256(prints.data).hexdigest(), list(names), list(options))
    file = cache_dir / "pairs" / f"{key}.json"
    try:
        return [Pair(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        pairs = find()
    with cache_errors(cache_dir):
        write_json(file, [asdict(pair) for pair in pairs])
    return pairs
