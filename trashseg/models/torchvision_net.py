"""torchvision's segmentation networks; FCN is in no other library that we use."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Unpack

import torch
from torchvision.models import get_model, get_model_weights, list_models, segmentation

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD, Execution, SegmentationNet
from trashseg.models.hub import SCRATCH_HINT, unreachable
from trashseg.models.weights import load_fitting, read_state, trained_network, weight_file
from trashseg.types import ConfigError, WeightsError, did_you_mean

log = logging.getLogger(__name__)


class TorchvisionNet(SegmentationNet):
    """A network of ``torchvision.models.segmentation`` with its class head sized to ``num_classes``.

    Args:
        name: such as ``fcn_resnet50``.
        num_classes: K, background included.
        pretrained: start from torchvision's COCO weights, but for the class head.
        weights: a file or folder with a whole network's weights, or a checkpoint of ``trashseg train``, instead of
            torchvision's.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: an unknown name.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        name: str,
        num_classes: int,
        *,
        pretrained: bool = True,
        weights: str | None = None,
        **execution: Unpack[Execution],
    ) -> None:
        super().__init__(IMAGENET_MEAN, IMAGENET_STD, multiple=8, **execution)
        known = list_models(module=segmentation)
        if name not in known:
            raise ConfigError(f"model.name={name} does not exist in torchvision. {did_you_mean(name, known)}")
        self.net = get_model(name, weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=False)
        if pretrained or weights is not None:
            path = weight_file(weights) if weights is not None else _published(name)
            state = read_state(path)
            load_fitting(self.net, trained_network(state) or state, str(path), optional="classifier.4.")
            log.info("starting weights of %s: %s", name, path)
        self.to(memory_format=self.memory_format)

    backbone_prefixes = ("net.backbone.",)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        result: torch.Tensor = self.net(x)["out"]
        return result


def _published(name: str) -> Path:
    """Return torchvision's weight file from the torch hub's cache, fetching it first where that is possible."""
    url: str = get_model_weights(name).DEFAULT.url
    cached = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if cached.is_file():
        return cached
    missing = f"no weights for {name}: {cached} is not there and"
    reason = unreachable(url)
    if reason is not None:
        raise WeightsError(f"{missing} {reason}; {SCRATCH_HINT}.")
    cached.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(cached), progress=True)
    except OSError as error:
        raise WeightsError(f"{missing} {url} failed ({getattr(error, 'reason', error)}); {SCRATCH_HINT}.") from error
    return cached
