"""Starting weights: where they come from, and that a network really received them. Never silently none."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trashseg.models import lite0
from trashseg.models.hub import FILE_NAMES, SCRATCH_HINT, hub_file
from trashseg.types import WeightsError

log = logging.getLogger(__name__)

State = dict[str, torch.Tensor]
OWN_PREFIX = "net.net."
"""Where a checkpoint of trashseg train keeps the network: LightningModule.net, SegmentationNet.net."""


def read_state(path: Path) -> State:
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
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise WeightsError(f"{path} cannot be read as weights ({reason}); give a .safetensors or .pth file.") from error
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    entries = state.items() if isinstance(state, Mapping) else ()
    tensors = {str(name): value for name, value in entries if isinstance(value, torch.Tensor)}
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


def state_of(path: Path, name: str) -> tuple[State, str]:
    """Return the state dict in ``path``, of the network ``name``, and where it comes from; says so in the log."""
    log.info("starting weights of %s: %s", name, path)
    return read_state(path), str(path)


def trained_network(state: State) -> State | None:
    """Return the network's part of a checkpoint of ``trashseg train``; None where ``state`` is not of one."""
    found = {name.removeprefix(OWN_PREFIX): value for name, value in state.items() if name.startswith(OWN_PREFIX)}
    return found or None


def timm_state(name: str) -> tuple[State, str]:
    """Return the published weights of an encoder from the package, the hub's cache or the hub, and where they were.

    Args:
        name: a timm model with its tag, such as ``tf_efficientnet_b7.ns_jft_in1k``.

    Raises:
        WeightsError: none of these has them; the message names what was tried.
    """
    import timm

    packaged = lite0.packaged_file() if name.split(".")[0] == "tf_efficientnet_lite0" else None
    if packaged is not None:
        log.info("starting weights of %s: ImageNet, from the package %s", name, lite0.PACKAGE)
        return lite0.encoder_state(read_state(packaged)), lite0.PACKAGE
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise WeightsError(f"timm knows no starting weights for {name}; {SCRATCH_HINT}.")
    package = " (or pip install 'trashseg[pretrained]')" if name.startswith("tf_efficientnet_lite0") else ""
    path = hub_file(config.hf_hub_id, name, package=package)
    return read_state(path), str(path)


@contextlib.contextmanager
def watch_loading() -> Iterator[list[torch.Tensor]]:
    """Yield a list that receives the tensors for which a ``load_state_dict`` within the block found no entry.

    timm loads the weights of feature extractors leniently: a file with other names would leave the network random.
    """
    without_entry: list[torch.Tensor] = []
    original = nn.Module.load_state_dict

    def load_state_dict(module: nn.Module, *arguments: Any, **keywords: Any) -> Any:
        result = original(module, *arguments, **keywords)
        own = module.state_dict(keep_vars=True)
        without_entry.extend(own[name] for name in result.missing_keys if not name.endswith("num_batches_tracked"))
        return result

    nn.Module.load_state_dict = load_state_dict  # type: ignore[assignment]
    try:
        yield without_entry
    finally:
        nn.Module.load_state_dict = original  # type: ignore[method-assign]


def check_filled(module: nn.Module, without_entry: list[torch.Tensor], what: str) -> None:
    """Refuse a ``module`` that holds tensors ``without_entry`` in the weights ``what``.

    Raises:
        WeightsError: naming the first of them.
    """
    random = {id(tensor) for tensor in without_entry}
    own = module.state_dict(keep_vars=True)
    missing = [f"{name}: missing" for name, tensor in own.items() if id(tensor) in random]
    if missing:
        raise WeightsError(_misfit(what, missing, len(own)))


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
        raise WeightsError(_misfit(what, hard, len(own)))
    fitting = {name: state[name] for name, tensor in own.items() if name in state and state[name].shape == tensor.shape}
    module.load_state_dict(fitting, strict=False)
    if wrong:
        log.info("%s: %d tensors of the class head start from random values", what, len(wrong))


def _misfit(what: str, differences: list[str], num_tensors: int) -> str:
    first = "; ".join(differences[:4])
    return f"{what} does not fit: {first} ({len(differences)} of {num_tensors} tensors differ); {SCRATCH_HINT}."
