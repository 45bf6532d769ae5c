"""Files of published weights: from the hub's cache, or from the hub where it answers at once."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from trashseg.types import WeightsError

log = logging.getLogger(__name__)

FILE_NAMES = ("model.safetensors", "pytorch_model.bin", "model.pth")
SCRATCH_HINT = "model.pretrained=false trains from random weights, model.weights=FILE_OR_FOLDER takes weights you have"


def hub_file(repository: str, name: str, *, revision: str | None = None, package: str = "") -> Path:
    """Return the weight file of a hub ``repository`` from the cache, or download it if the hub answers in 3 s.

    Raises:
        WeightsError: neither worked.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    for filename in FILE_NAMES[:2]:
        cached = try_to_load_from_cache(repository, filename, revision=revision)
        if isinstance(cached, str):
            log.info("starting weights of %s: %s, from the hub's cache", name, repository)
            return Path(cached)
    tried = f"no weights for {name}: {repository} is not in the hub's cache ({constants.HF_HUB_CACHE})"
    reason = "HF_HUB_OFFLINE forbids asking the hub" if constants.HF_HUB_OFFLINE else unreachable(constants.ENDPOINT)
    if reason is not None:
        raise WeightsError(f"{tried} and {reason}{package}; {SCRATCH_HINT}.")
    try:
        path = Path(hf_hub_download(repository, FILE_NAMES[0], revision=revision))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise WeightsError(f"{tried} and the download failed ({reason}){package}; {SCRATCH_HINT}.") from error
    log.info("starting weights of %s: downloaded from %s", name, repository)
    return path


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
