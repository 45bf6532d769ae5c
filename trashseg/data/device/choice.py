"""One of several transforms of the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trashseg.data.device.base import BatchTransform, Leaf, Numbers
from trashseg.types import ConfigError


class OneOf(BatchTransform):
    """Apply one of several transforms, chosen by their p.

    Args:
        transforms: name -> transform; None leaves one out.
        p: probability for each sample that one is applied.

    Raises:
        ConfigError: a transform is none of the device's, or all have p=0.
    """

    def __init__(self, transforms: Mapping[str, Any], p: float = 0.5) -> None:
        super().__init__(p)
        self.transforms = {name: transform for name, transform in transforms.items() if transform is not None}
        for name, transform in self.transforms.items():
            if not isinstance(transform, Leaf):
                raise ConfigError(
                    f"transforms.{name}={transform} does not run on the device; take one of trashseg.data.device, "
                    f"or leave it out with {name}=null."
                )
        if not sum(part.p for part in self.leaves):
            raise ConfigError("one_of: no transform has a p above 0; raise one, or remove the whole entry.")

    @property
    def leaves(self) -> list[Leaf]:
        """The transforms."""
        return list(self.transforms.values())

    def pick(self, numbers: Numbers) -> Leaf:
        """Return one of the transforms."""
        return numbers.chance.choices(self.leaves, [part.p for part in self.leaves])[0]


one_of = OneOf
"""The name that the workers' form has in a config."""
