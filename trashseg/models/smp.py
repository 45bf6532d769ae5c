"""Any architecture of segmentation-models-pytorch over any of its encoders or timm's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import segmentation_models_pytorch as smp
import timm
import torch

from trashseg.models.contract import IMAGENET_MEAN, IMAGENET_STD, SegmentationNet
from trashseg.models.weights import hub_file, load_fitting, read_state, timm_source, weight_file
from trashseg.types import ConfigError, did_you_mean

ARCHITECTURES: dict[str, type[torch.nn.Module]] = {
    name: getattr(smp, name)
    for name in (
        "Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "PAN", "UPerNet",
        "Segformer", "DPT",
    )
}  # fmt: skip


class SMPNet(SegmentationNet):
    """``smp.<arch>(encoder_name, classes=num_classes, **options)`` behind the contract.

    Args:
        arch: one of :data:`ARCHITECTURES`.
        encoder_name: a native SMP encoder, or ``tu-`` and a timm model with its tag.
        num_classes: K, background included.
        pretrained: start the encoder from its published weights; never silently from none.
        weights: a file or folder with the encoder's weights, instead of the published ones.
        options: passed on to the architecture and, for ``tu-`` encoders, to timm.
        channels_last: see :class:`SegmentationNet`.
        mean: per channel in [0, 1]; None: the encoder's own.
        std: per channel in [0, 1]; None: the encoder's own.

    Raises:
        ConfigError: an unknown architecture, encoder or option, or a pair that does not go together.
        WeightsError: the starting weights cannot be had or do not fit.
    """

    def __init__(
        self,
        arch: str,
        encoder_name: str,
        num_classes: int,
        *,
        pretrained: bool = True,
        weights: str | None = None,
        options: Mapping[str, Any] | None = None,
        channels_last: bool = False,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> None:
        _check_names(arch, encoder_name)
        own_mean, own_std = _statistics(encoder_name)
        super().__init__(mean or own_mean, std or own_std, multiple=32, channels_last=channels_last)
        timm_name = encoder_name.removeprefix("tu-") if encoder_name.startswith("tu-") else None
        keywords = dict(options or {})
        load = pretrained or weights is not None
        if load and timm_name is not None:
            keywords["pretrained_cfg_overlay"] = timm_source(timm_name, weights)
        try:
            self.net = ARCHITECTURES[arch](
                encoder_name=encoder_name,
                # For timm encoders anything but None means weights; native ones are filled below.
                encoder_weights=True if load and timm_name is not None else None,
                classes=num_classes,
                **keywords,
            )
        except (TypeError, ValueError, AssertionError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ConfigError(
                f"model.arch={arch} with model.encoder_name={encoder_name} cannot be built: {reason}"
            ) from error
        if load and timm_name is None:
            self._load_native(encoder_name, weights)
        self.to(memory_format=self.memory_format)

    backbone_prefixes = ("net.encoder.",)

    def _load_native(self, encoder_name: str, weights: str | None) -> None:
        """Fill a native SMP encoder from ``weights`` or from SMP's own hub repository."""
        if weights is not None:
            path = weight_file(weights)
        else:
            settings = smp.encoders.encoders[encoder_name]["pretrained_settings"]
            chosen = settings.get("imagenet") or next(iter(settings.values()))
            path = hub_file(chosen["repo_id"], encoder_name, revision=chosen["revision"])
        load_fitting(self.net.get_submodule("encoder"), read_state(path), str(path))

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images."""
        result: torch.Tensor = self.net(x)
        return result


def _check_names(arch: str, encoder_name: str) -> None:
    """Refuse names that neither library knows, naming the nearest ones."""
    if arch not in ARCHITECTURES:
        raise ConfigError(f"model.arch={arch} does not exist. {did_you_mean(arch, ARCHITECTURES)}")
    if encoder_name.startswith("tu-"):
        name = encoder_name.removeprefix("tu-").split(".")[0]
        if not timm.is_model(name):
            help_ = did_you_mean(name, timm.list_models())
            raise ConfigError(f"model.encoder_name={encoder_name}: timm has no model {name!r}. {help_}")
    elif encoder_name not in smp.encoders.encoders and not encoder_name.startswith("timm-"):
        help_ = did_you_mean(encoder_name, smp.encoders.get_encoder_names())
        raise ConfigError(f"model.encoder_name={encoder_name} does not exist. {help_} Any timm model works as tu-NAME.")


def _statistics(encoder_name: str) -> tuple[Sequence[float], Sequence[float]]:
    """Return the mean and standard deviation that the encoder's published weights expect."""
    if not encoder_name.startswith("tu-"):
        return IMAGENET_MEAN, IMAGENET_STD
    config = timm.get_pretrained_cfg(encoder_name.removeprefix("tu-"))
    return (config.mean, config.std) if config is not None else (IMAGENET_MEAN, IMAGENET_STD)
