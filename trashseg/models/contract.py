"""The contract of every network: normalisation and padding inside, logits at the input's size."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

import torch
from torch import nn
from torch.nn import functional

from trashseg.types import ConfigError

PixelLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(logits (N, K, H, W), target (N, H, W)) to a scalar."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Execution(TypedDict, total=False):
    """How a network runs, whatever it computes: options that every network takes.

    Attributes:
        channels_last: keep images and weights in NHWC order: faster for most plain CNNs on a GPU, slower for some.
        compile: training compiles the network with torch.compile at its first call; the names in the state dict stay.
    """

    channels_last: bool
    compile: bool


class SegmentationNet(nn.Module):
    """Base of every network: image (N, 3, H, W), float in [0, 1], to logits (N, K, H, W).

    Subclasses implement :meth:`logits` for normalised images whose sides are multiples of ``multiple``.

    Args:
        mean: mean of the three channels in [0, 1], as the starting weights expect it.
        std: their standard deviation.
        multiple: height and width that the network needs are multiples of this; other sizes are padded on the right
            and at the bottom by repeating the border, and the logits are cut back.
        execution: see :class:`Execution`.
    """

    backbone_prefixes: tuple[str, ...] = ("encoder.", "backbone.")
    """Parameters under these names belong to the backbone: optimisers may give them another learning rate."""

    resolved: Mapping[str, Any] = {}
    """Values of the model's config that were looked up while it was built; a checkpoint holds them."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], multiple: int, **execution: Unpack[Execution]
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.multiple = multiple
        self.memory_format = torch.channels_last if execution.get("channels_last") else torch.contiguous_format
        self.to_compile = execution.get("compile", False)

    @abstractmethod
    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for normalised images (N, 3, H, W), H and W multiples of ``multiple``."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K, H, W) for images (N, 3, H, W) in [0, 1]."""
        height, width = image.shape[-2:]
        return self.logits(self.prepared(image))[..., :height, :width]

    def prepared(self, image: torch.Tensor) -> torch.Tensor:
        """Return ``image`` (N, 3, H, W) normalised, and padded to multiples of ``multiple``."""
        height, width = image.shape[-2:]
        x = (image - self.mean) / self.std
        below, right = -height % self.multiple, -width % self.multiple
        if below or right:
            x = functional.pad(x, (0, right, 0, below), mode="replicate")
        return x.contiguous(memory_format=self.memory_format)


@contextlib.contextmanager
def normalises_averages() -> Iterator[None]:
    """Explain why a network that normalises averages over whole images cannot train on a single one.

    Raises:
        ConfigError: in place of batch norm's complaint about one value a channel.
    """
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ConfigError(
            "data.batch_size=1 is too few: this head averages over a whole image and normalises the average over "
            "the batch; give data.batch_size=2 or more."
        ) from error


def freeze_unused(net: nn.Module, size: int = 64) -> list[str]:
    """Freeze every parameter that no gradient reaches and return their names.

    Some encoders carry parameters that segmentation never uses (the classifier's last layers of EfficientNets, the
    deep stages under a PSPNet); plain DDP stops at them. One dummy image (1, 3, size, size) in eval mode finds them
    without touching the running statistics.
    """
    was_training = net.training
    net.eval()
    with torch.enable_grad():
        image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
        own_loss = getattr(net, "training_loss", None)
        if own_loss is None:
            net(image).sum().backward()
        else:
            # An auxiliary head, which prediction does not use, is reached by the network's own loss.
            target = torch.zeros(1, size, size, dtype=torch.int64)
            torch.stack(list(own_loss(image, target, functional.cross_entropy).values())).sum().backward()  # type: ignore[no-untyped-call]
    net.train(was_training)
    unused = [name for name, parameter in net.named_parameters() if parameter.requires_grad and parameter.grad is None]
    for name in unused:
        net.get_parameter(name).requires_grad_(False)
    net.zero_grad(set_to_none=True)
    return unused
