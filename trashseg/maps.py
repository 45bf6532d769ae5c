"""Maps of logits or probabilities: at a photograph's own size, and the class map that they give."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from trashseg.types import IGNORE_INDEX


def restore(maps: torch.Tensor, content: tuple[int, int], size: tuple[int, int]) -> torch.Tensor:
    """Return maps (N, K, h, w) of the network's square at a photograph's size (N, K, H, W).

    Args:
        maps: logits or probabilities.
        content: (h', w'), the part of the square that the photograph fills; the padding is cut off.
        size: (H, W); the enlargement is bilinear between pixel centres.
    """
    maps = maps[..., : content[0], : content[1]]
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    return functional.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def to_square(mask: torch.Tensor, content: tuple[int, int], shape: tuple[int, int]) -> torch.Tensor:
    """Return a mask (H, W) on the network's square ``shape`` (h, w), int64, with ``IGNORE_INDEX`` in the padding."""
    small = functional.interpolate(mask[None, None].float(), size=tuple(content), mode="nearest-exact")
    target = torch.full(shape, IGNORE_INDEX, dtype=torch.int64, device=mask.device)
    target[: content[0], : content[1]] = small[0, 0].long()
    return target


def fast_argmax(logits: torch.Tensor) -> torch.Tensor:
    """Return the class ids of ``logits`` (N, K, H, W), or of probabilities, as (N, H, W) uint8.

    On a CPU ``max`` along the class axis is vectorised, ``argmax`` is not.
    """
    return logits.max(1).indices.to(torch.uint8)


def most_probable(probs: torch.Tensor) -> npt.NDArray[np.uint8]:
    """Return the most probable class (H, W), uint8, of ``probs`` (K, H, W), floating, on any device."""
    pred: npt.NDArray[np.uint8] = fast_argmax(probs[None])[0].cpu().numpy()
    return pred


def sure_and_class(probs: torch.Tensor) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return the highest probability and its class, (H, W) each, of ``probs`` (K, H, W), in one pass over them."""
    confidence, ids = probs.max(0)
    return confidence.cpu().numpy(), ids.cpu().numpy().astype(np.uint8)


def unit_image(image: torch.Tensor) -> torch.Tensor:
    """Return uint8 images as float in [0, 1], which is what every network takes."""
    return image.float().div_(255)
