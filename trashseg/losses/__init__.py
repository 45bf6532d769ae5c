"""Losses: ``(logits (N, K, H, W), target (N, H, W)) -> scalar``, one class each for the config's ``_target_``.

All follow one contract: computed in float32 also under autocast, pixels with the value 255 get a gradient of exactly
zero, and a batch in which every pixel is ignored gives 0 with a graph, so that a distributed step still meets.
"""

from trashseg.losses.combine import WeightedSum
from trashseg.losses.lovasz import Lovasz, lovasz_softmax
from trashseg.losses.overlap import Dice, Jaccard, Tversky, tversky_index
from trashseg.losses.pixel import CrossEntropy, Focal, cross_entropy, focal

__all__ = [
    "CrossEntropy",
    "Dice",
    "Focal",
    "Jaccard",
    "Lovasz",
    "Tversky",
    "WeightedSum",
    "cross_entropy",
    "focal",
    "lovasz_softmax",
    "tversky_index",
]
