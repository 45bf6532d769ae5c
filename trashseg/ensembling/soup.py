"""Model soups: one network with the mean of several networks' weights, which costs no more than one.

M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", ICML 2022. They must have begun from the same weights.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from trashseg.checkpoint import Trained, load_trained
from trashseg.ensembling.kinds import Member, Network
from trashseg.ensembling.predicting import Workshop
from trashseg.files import atomic_file
from trashseg.inference.predictor import build_predictor
from trashseg.inference.scoring import score
from trashseg.maps import unit_image
from trashseg.types import CheckpointError, ConfigError, Split

log = logging.getLogger(__name__)

SOUPS = (None, "uniform", "greedy")

State = dict[str, Tensor]


def cook(members: Sequence[Member], workshop: Workshop, path: Path) -> Member:
    """Write the soup of all members to ``path`` and return it as a member.

    ``uniform`` takes all; ``greedy`` begins with the best on the validation part and keeps each further one that does
    not make it worse there.

    Raises:
        ConfigError: a member is no checkpoint.
        CheckpointError: the networks are not of one architecture.
    """
    networks = [_trained(member) for member in members]
    for other in networks[1:]:
        _check_alike(networks[0], other)
    states = [dict(each.net.state_dict()) for each in networks]
    kitchen = _Kitchen(networks[0], workshop)
    chosen = range(len(states)) if workshop.cfg.soup == "uniform" else _greedy(kitchen, states)
    log.info("soup of %s", ", ".join(members[i].name for i in chosen))
    kitchen.fill([states[i] for i in chosen])
    _save(networks[0], path)
    return Network("soup", path)


def mean_state(states: Sequence[State]) -> State:
    """Return the mean of every floating point tensor; what else there is, such as counters, is the first's."""
    return {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(first.dtype)
        if first.is_floating_point()
        else first
        for name, first in states[0].items()
    }


def refresh_batch_norm(net: nn.Module, images: Sequence[Tensor]) -> None:
    """Measure the running statistics of batch norm anew: those of mean weights are not the mean statistics.

    Args:
        net: left in evaluation mode.
        images: batches (N, 3, H, W), 0..1, on the network's device, two images and more each.
    """
    norms = [part for part in net.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    with torch.no_grad():
        for image in images if norms else ():
            net(image)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    net.eval()


class _Kitchen:
    """A network that takes the mean of several networks' weights, and its score."""

    def __init__(self, trained: Trained, workshop: Workshop) -> None:
        self._trained, self._cfg = trained, workshop.cfg
        self._data = workshop.data(trained)
        self._predictor = build_predictor(workshop.cfg, trained)

    def fill(self, states: Sequence[State]) -> None:
        """Give the network the mean of ``states``."""
        net, device = self._trained.net, self._predictor.device
        net.load_state_dict(mean_state(states))
        if len(states) > 1:
            batches = itertools.islice(self._data.eval_dataloader(Split.TRAIN), self._cfg.soup_batches)
            images = [unit_image(batch["image"].to(device)) for batch in batches if len(batch["image"]) > 1]
            refresh_batch_norm(net, images)

    def miou(self, states: Sequence[State]) -> float:
        """Return the validation mIoU of the mean of ``states``."""
        self.fill(states)
        loader = self._data.eval_dataloader(Split.VAL)
        return score(self._predictor, loader, len(self._trained.table), seed=self._cfg.seed).miou


def _greedy(kitchen: _Kitchen, states: Sequence[State]) -> list[int]:
    alone = [kitchen.miou([state]) for state in states]
    first, *rest = sorted(range(len(states)), key=lambda i: -alone[i])
    chosen, best = [first], alone[first]
    for i in rest:
        tried = kitchen.miou([states[k] for k in [*chosen, i]])
        if tried >= best:
            chosen, best = [*chosen, i], tried
    return chosen


def _trained(member: Member) -> Trained:
    if not isinstance(member, Network):
        raise ConfigError(f"a soup is made of checkpoints, and {member.path} is none; give NETWORK.ckpt files.")
    return load_trained(member.path)


def _check_alike(first: Trained, other: Trained) -> None:
    shapes = [{name: value.shape for name, value in each.net.state_dict().items()} for each in (first, other)]
    odd = next((name for name in {**shapes[0], **shapes[1]} if shapes[0].get(name) != shapes[1].get(name)), None)
    if odd is not None:
        raise CheckpointError(
            f"{other.path} is another network than {first.path} ({odd} differs); the mean of weights needs one "
            "architecture. Networks that differ can vote: leave soup out."
        )


def _save(trained: Trained, path: Path) -> None:
    """Write the network as a checkpoint that every verb opens; it cannot be trained on."""
    state = {f"net.{name}": value.cpu() for name, value in trained.net.state_dict().items()}
    with atomic_file(path) as temporary:
        torch.save({"state_dict": state, "config": trained.config, "classes": trained.table.to_mapping()}, temporary)
