"""The views of an image, predicted together and merged."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trashseg.tta.crop import CORNERS
from trashseg.tta.merge import MERGES, Merge
from trashseg.tta.sliding import Sliding
from trashseg.tta.view import View, check_choice
from trashseg.types import ConfigError

Net = Callable[[Tensor], Tensor]

_PRODUCT: dict[str, Sequence[Any]] = {"scales": (1.0,), "flips": ("none",), "rotations": (0,), "crops": ("whole",)}


class TTA:
    """What a network says of an image from several views: every scale with every flip, rotation and crop.

    Memory at its peak is that of the network for ``view_batch`` images of its size, or for all images of the batch in
    the largest view if that is more, and three maps of probabilities of the whole batch.

    Args:
        scales: factors of the network's input size, each above 0.
        flips: of ``none``, ``horizontal``, ``vertical`` and ``both``.
        rotations: of 0, 90, 180 and 270 degrees, anticlockwise; views that a flip makes already count once.
        crops: of ``whole`` and of parts enlarged to the network's size: ``top_left``, ``top_right``, ``bottom_left``,
            ``bottom_right`` and ``centre``. A pixel's views are those that see it.
        crop_side: share of height and width that such a part takes, above 0 and below 1.
        views: name -> view, instead of the four lists: {scale, flip, rotation, crop}, any of them left out.
        sliding: the windows through which the network sees views larger than a window; None: as they are.
        merge: ``mean``, ``max`` or ``geometric``.
        view_batch: how many images of the network's size go through it at a time, 1 or more.

    Raises:
        ConfigError: a value does not exist or stands twice, there is no view, or the views leave a gap.
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0,),
        flips: Sequence[str] = ("none",),
        rotations: Sequence[int] = (0,),
        crops: Sequence[str] = ("whole",),
        crop_side: float = 0.625,
        *,
        views: Mapping[str, Mapping[str, Any]] | None = None,
        sliding: Sliding | None = None,
        merge: str = "mean",
        view_batch: int = 4,
    ) -> None:
        lists = {"scales": scales, "flips": flips, "rotations": rotations, "crops": crops}
        self.views = _every(lists, crop_side) if views is None else _named(views, lists, crop_side)
        self.sliding, self.merge, self.view_batch = sliding, merge, view_batch
        check_choice("merge", merge, MERGES)
        if not isinstance(view_batch, int) or isinstance(view_batch, bool) or view_batch < 1:
            raise ConfigError(f"tta.view_batch={view_batch} is no number of images; give 1 or more, such as 4.")
        if not covers(self.views.values()):
            raise ConfigError("the views leave parts of the picture unseen; add whole to tta.crops, or all corners.")

    @property
    def num_views(self) -> int:
        """How many views an image has."""
        return len(self.views)

    def relative_cost(self, size: tuple[int, int]) -> float:
        """Return how many pixels the network sees of an image of ``size`` (H, W), as a multiple of a plain pass."""
        return sum(self.view_cost(name, size) for name in self.views)

    def view_cost(self, name: str, size: tuple[int, int]) -> float:
        """Return the share of one view in :meth:`relative_cost`."""
        height, width = self.views[name].seen_size(size)
        pixels = height * width if self.sliding is None else self.sliding.num_pixels((height, width))
        return pixels / (size[0] * size[1])

    def describe(self, size: tuple[int, int]) -> str:
        """Return in words how many views there are, and at what price for an image of ``size`` (H, W)."""
        cost = self.relative_cost(size)
        price = "" if cost == 1 else f", {cost:.3g} times the pixels of a plain pass"
        return f"{self.num_views} view{'s' * (self.num_views > 1)}{price}"

    @torch.no_grad()
    def __call__(self, net: Net, image: Tensor) -> Tensor:
        """Return the merged probabilities of ``image``; no gradient flows.

        Args:
            net: gives logits (N, K, h, w) for images (N, 3, h, w) of any size, in evaluation mode.
            image: (N, 3, H, W), float, 0..1.

        Returns:
            (N, K, H, W), float32, summing to 1 over the classes.

        Raises:
            ConfigError: a sliding window is larger than the image.
        """
        return self._merged(net, image).result()

    def _merged(self, net: Net, image: Tensor) -> Merge:
        """Return all views of ``image``, gathered."""
        size = (image.shape[-2], image.shape[-1])
        if self.sliding is not None:
            self.sliding.check(size)
        merged = MERGES[self.merge](size)
        for view, logits in self._logits(net, image, size):
            part = view.part
            # float32 before the softmax: half precision would round probabilities before they are averaged.
            merged.add(view.invert(logits.float(), size), part.part(size), part.weight(size, logits.device))
        return merged

    def _logits(self, net: Net, image: Tensor, size: tuple[int, int]) -> Iterator[tuple[View, Tensor]]:
        """Yield every view and its logits; views of one size share a pass as far as ``view_batch`` allows."""
        most_pixels = self.view_batch * size[0] * size[1]
        for (height, width), views in _by_size(self.views.values(), size).items():
            count = max(1, most_pixels // (len(image) * height * width))
            for first in range(0, len(views), count):
                chunk = views[first : first + count]
                seen = torch.cat([view.apply(image) for view in chunk]) if len(chunk) > 1 else chunk[0].apply(image)
                logits = net(seen) if self.sliding is None else self.sliding(net, seen, most_pixels)
                yield from zip(chunk, logits.chunk(len(chunk)), strict=True)


class ViewAlone(TTA):
    """One view of a TTA, with the maps that it adds to the merge: 0 where it sees nothing, and not normalised."""

    def __init__(self, tta: TTA, name: str) -> None:
        self.views = {name: tta.views[name]}
        self.sliding, self.merge, self.view_batch = tta.sliding, tta.merge, tta.view_batch

    @torch.no_grad()
    def __call__(self, net: Net, image: Tensor) -> Tensor:
        """Return what is added for ``image`` (N, 3, H, W): (N, K, H, W), float32."""
        total = self._merged(net, image).total
        assert total is not None  # there is one view
        return total


def covers(views: Iterable[View]) -> bool:
    """Say whether some view sees each pixel."""
    sides = {view.part.name: view.part.side for view in views}
    return "whole" in sides or all(sides.get(corner, 0) >= 0.5 for corner in CORNERS)


def _every(lists: Mapping[str, Sequence[Any]], crop_side: float) -> dict[str, View]:
    """Return every combination of the four lists' entries, each look at the image once."""
    for key, values in lists.items():
        if not values or len(set(values)) != len(values):
            raise ConfigError(f"tta.{key} is {list(values)}; give at least one value, each once, or say tta=none.")
    first: dict[Any, View] = {}
    for scale, flip, rotation, crop in itertools.product(*lists.values()):
        view = View(scale, flip, rotation, crop, crop_side)
        first.setdefault(view.look, view)
    return {view.name: view for view in first.values()}


def _named(
    given: Mapping[str, Mapping[str, Any]], lists: Mapping[str, Sequence[Any]], crop_side: float
) -> dict[str, View]:
    """Return the views that are given by name.

    Raises:
        ConfigError: there are none, two are the same, or lists are given beside them.
    """
    if not given:
        raise ConfigError("tta.views is empty; name at least one view, or say tta=none.")
    for key, values in lists.items():
        if list(values) != list(_PRODUCT[key]):
            raise ConfigError(f"tta.views says all; leave out tta.{key}={list(values)}.")
    views = {name: View.from_mapping(name, entry or {}, crop_side) for name, entry in given.items()}
    first: dict[Any, str] = {}
    for name, view in views.items():
        other = first.setdefault(view.look, name)
        if other != name:
            raise ConfigError(f"tta.views.{name} is the same view as tta.views.{other}; leave one out.")
    return views


def _by_size(views: Iterable[View], size: tuple[int, int]) -> dict[tuple[int, int], list[View]]:
    """Return the views of an image of ``size`` by the size in which the network sees them."""
    found: dict[tuple[int, int], list[View]] = {}
    for view in views:
        found.setdefault(view.seen_size(size), []).append(view)
    return found
