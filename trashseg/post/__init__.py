"""Post-processing: from a photograph and its probabilities to a better class map."""

from trashseg.post.crf import DenseCRF
from trashseg.post.regions import FillHoles, RemoveSpecks
from trashseg.post.smooth import ModeFilter
from trashseg.post.step import Post, Step, relabel, restrict

__all__ = [
    "DenseCRF",
    "FillHoles",
    "ModeFilter",
    "Post",
    "RemoveSpecks",
    "Step",
    "relabel",
    "restrict",
]
