"""Files of published weights: from the hub's cache, or from the hub where it answers at once."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from trashseg.types import WeightsError

log = logging.getLogger(__name__)

FILE_NAMES = ("model.safetensors", "pytorch_model.bin", "model.pth")
SCRATCH_HINT = "model.pretrained=false trains from random weights, model.weights=FILE_OR_FOLDER takes weights you have"


def hub_file(
    repository: str,
    name: str,
    *,
    revision: str | None = None,
    package: str = "",
    filenames: Sequence[str] = FILE_NAMES[:2],
) -> Path:
    """Return a file of a hub ``repository`` from the cache, or download it if the hub answers in 3 s.

    Args:
        repository: such as ``timm/resnet50.a1_in1k``.
        name: the network's name, for messages.
        revision: of the repository; None for its newest.
        package: a hint on a package that has the weights, for messages.
        filenames: the first of these that is there is taken; the weights by default.

    Raises:
        WeightsError: neither worked.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    what = "weights" if filenames[0] in FILE_NAMES else filenames[0]
    for filename in filenames:
        cached = try_to_load_from_cache(repository, filename, revision=revision)
        if isinstance(cached, str):
            log.info("%s of %s: %s, from the hub's cache", what, name, repository)
            return Path(cached)
    tried = f"no {what} for {name}: {repository} is not in the hub's cache ({constants.HF_HUB_CACHE})"
    reason = "HF_HUB_OFFLINE forbids asking the hub" if constants.HF_HUB_OFFLINE else unreachable(constants.ENDPOINT)
    if reason is not None:
        raise WeightsError(f"{tried} and {reason}{package}; {SCRATCH_HINT}.")
    for filename in filenames:
        try:
            path = Path(hf_hub_download(repository, filename, revision=revision))
        except Exception as error:
            # A lost connection is a LocalEntryNotFoundError; any other of its kind is the hub's own answer.
            if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
                continue
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise WeightsError(f"{tried} and the download failed ({reason}){package}; {SCRATCH_HINT}.") from error
        log.info("%s of %s: downloaded from %s", what, name, repository)
        return path
    raise WeightsError(f"{tried} and the hub's has no {' or '.join(filenames)}{package}; {SCRATCH_HINT}.")


def unreachable(url: str) -> str | None:
    """Say why the server of ``url`` cannot be asked, or None: download clients would retry for most of a minute."""
    if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return None
    host = urlsplit(url)
    try:
        socket.create_connection((host.hostname or "", host.port or 443), timeout=3).close()
    except OSError as error:
        return f"{host.hostname} cannot be reached ({error.strerror or error})"
    return None
