"""What every network of transformers has in common behind our contract."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from trashseg.models.contract import Execution, SegmentationNet
from trashseg.models.hf.config import entries_of, make_config, published_config, published_statistics
from trashseg.models.hf.library import require_transformers
from trashseg.models.hf.start import build, build_from, in_present_names, starting_state
from trashseg.types import ConfigError

log = logging.getLogger(__name__)


class TransformersNet(SegmentationNet):
    """Base of the networks that wrap a model of transformers as ``self.net``.

    Args:
        config: the entries of the published config.json that describe the network, ``model_type`` among them; its
            class names are left out. None: the file of ``weights`` or ``repository`` is read, and its content is in
            :attr:`resolved`.
        num_classes: K, background included.
        repository: OWNER/NAME on the hub, or a local folder in its form: config.json and model.safetensors or
            pytorch_model.bin.
        pretrained: start from the repository's weights; never silently from none. Only the class head, where it has
            another number of classes, starts at random.
        weights: a file, a folder of that form or a checkpoint of ``trashseg train``, instead of the repository's.
        mean: per channel in [0, 1]; None: as the repository's preprocessing has it, else ImageNet's.
        std: likewise.
        grad_checkpointing: keep only the blocks' inputs for the backward pass: less memory, slower.
        execution: see :class:`Execution`.

    Raises:
        ConfigError: transformers is not installed, or ``config`` describes no network that this class can wrap.
        WeightsError: the starting weights, or the file in place of ``config``, cannot be had or do not fit.
    """

    resolved: Mapping[str, Any]
    """Constructor arguments that were None and have been looked up; a checkpoint needs them in their place."""

    def __init__(
        self,
        config: Mapping[str, Any] | None,
        num_classes: int,
        *,
        repository: str | None = None,
        pretrained: bool = True,
        weights: str | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        grad_checkpointing: bool = False,
        **execution: Unpack[Execution],
    ) -> None:
        require_transformers()
        found: dict[str, Any] = {}
        kinds = self.kinds()
        if config is None:
            # Published files have entries of old versions; what is kept of them has none.
            published = published_config(repository, weights)
            found["config"] = config = entries_of(make_config(published, num_classes, kinds, check_names=False))
        hf_config = make_config(config, num_classes, kinds)
        if mean is None or std is None:
            statistics = published_statistics(repository, weights)
            found["mean"] = mean = list(mean or statistics[0])
            found["std"] = std = list(std or statistics[1])
        super().__init__(mean, std, self.multiple_of(hf_config), **execution)
        self.resolved = found
        kind = kinds[hf_config.model_type]
        if pretrained or weights is not None:
            state, what = starting_state(repository, weights, f"{hf_config.model_type} ({repository or 'no name'})")
            self.net = build_from(kind, hf_config, state, what)
        else:
            self.net = build(kind, hf_config)
        self.backbone_prefixes = tuple(f"net.{prefix}" for prefix in self.backbone(hf_config.model_type))
        self.prepare()
        if grad_checkpointing:
            _checkpoint_gradients(self.net, hf_config.model_type)
        self.to(memory_format=self.memory_format)
        self.train()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: Any) -> None:
        """Take a checkpoint that was written under another version of transformers, too."""
        inner = f"{prefix}net."
        names = [name for name in state_dict if name.startswith(inner)]
        given = {name.removeprefix(inner): state_dict[name] for name in names}
        if given and self.net.state_dict().keys() - given.keys():
            for name in names:
                del state_dict[name]
            state_dict.update({inner + name: value for name, value in in_present_names(self.net, given).items()})
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def prepare(self) -> None:
        """Change what the class needs to be other in the built model."""

    @staticmethod
    @abstractmethod
    def kinds() -> Mapping[str, Any]:
        """Return the model types that the class wraps, and their classes of transformers."""

    @staticmethod
    @abstractmethod
    def backbone(model_type: str) -> Sequence[str]:
        """Return the prefixes of the backbone's parameters inside the model."""

    @staticmethod
    @abstractmethod
    def multiple_of(config: Any) -> int:
        """Return what the sides of an image must be multiples of."""


def _checkpoint_gradients(net: Any, model_type: str) -> None:
    """Turn on transformers' gradient checkpointing.

    Raises:
        ConfigError: the network has no blocks that can do so.
    """
    from trashseg.models.hf.parts import checkpoint_blocks

    try:
        checkpoint_blocks(net)
    except ValueError as error:
        raise ConfigError(
            f"model.grad_checkpointing=true: no block of this {model_type} can; give model.grad_checkpointing=false."
        ) from error
